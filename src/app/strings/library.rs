//! The texts of the library page.

use super::language::pick;
use crate::library::Permits;
use crate::library::search::SortOrder;
use crate::model::labels::Language;

strings! {
    /// The page of the model library.
    Library {
        models = "Models", "模型库";
        library = "Model library…", "模型库…";
        here: fn(usize) -> String = |n| format!("On this computer ({n})"), |n| format!("本机模型（{n}）");
        available: fn(usize) -> String = |n| format!("Available ({n})"), |n| format!("可下载（{n}）");
        search = "Search models", "搜索模型";
        all_tasks = "All", "全部";
        sort = "Sort by", "排序方式";
        import = "Add models", "添加模型";
        import_file = "From a file…", "从文件…";
        import_folder = "From a folder…", "从文件夹…";
        watch_folder = "Watch a folder…", "监视文件夹…";
        nothing_here = "No models yet", "还没有模型";
        nothing_here_text =
            "Download a model, or add an ONNX file of your own by dragging it into the window.",
            "下载一个模型，或将自己的 ONNX 文件拖入窗口来添加。";
        nothing_fits = "No matching models on this computer.", "本机没有匹配的模型。";
        nothing_fits_available =
            "No matching models in the catalogue. You can drag any ONNX file into the window.",
            "目录中没有匹配的模型。您可以将任何 ONNX 文件拖入窗口。";
        show_available = "Show available models", "查看可下载的模型";
        use_it = "Use", "使用";
        running = "Running", "运行中";
        opening = "Opening…", "正在打开…";
        favourite = "Add to favourites", "加入收藏";
        no_favourite = "Remove from favourites", "取消收藏";
        more = "More", "更多";
        details = "Details", "详细信息";
        /// Of a model that ended the process that it ran in.
        trouble = "Problem", "问题";
        rename = "Rename…", "重命名…";
        reveal = "Show in folder", "打开所在文件夹";
        deploy = "Deploy to a server…", "部署到服务器…";
        verify = "Verify file", "校验文件";
        remove = "Remove…", "移除…";
        remove_text = "The model file is removed, with the settings file next to it and the weights in other files that no other model uses.", "模型文件、其旁边的配置文件，以及存放在其他文件中且没有其他模型使用的权重会一起移除。";
        not_downloaded: fn(usize) -> String =
            |n| if n == 1 { "A model couldn't be downloaded".into() } else { format!("{n} models couldn't be downloaded") },
            |n| format!("{n} 个模型未能下载");
        /// Given the servers.
        unreached: fn(&[&str]) -> String =
            |hosts| match hosts {
                [most @ .., last] if !most.is_empty() => format!("{} and {last} can't be reached.", most.join(", ")),
                _ => format!("{} can't be reached.", hosts.concat()),
            },
            |hosts| format!("无法连接 {}。", hosts.join("、"));
        check_network = "Check the network (HTTPS_PROXY if it needs a proxy).", "请检查网络（如需代理，请设置 HTTPS_PROXY）。";
        mirror_of_hub =
            "Settings or HF_ENDPOINT can name a mirror of huggingface.co.",
            "可在“设置”中或用 HF_ENDPOINT 指定 huggingface.co 的镜像。";
        mirror_of_others =
            "SIGHTLINE_MIRROR can name a mirror of the models.",
            "可用 SIGHTLINE_MIRROR 指定模型的镜像。";
        dismiss = "Dismiss", "忽略";
        failed_short = "Not downloaded", "未能下载";
        undo = "Undo", "撤销";
        restored = "Restored from the trash", "已从回收站恢复";
        copies = "Also in", "另有副本";
        outside: fn(&str) -> String =
            |folder| format!("Running from {folder}, which isn't a models folder"),
            |folder| format!("正在从 {folder} 运行，该文件夹不在模型库中");
        add_running = "Add to the library", "添加到模型库";
        by_its_file = "As stated in the model file.", "模型文件中注明的许可证。";
        no_licence = "Licence not stated", "许可证未说明";
        no_licence_hint =
            "Neither the model file nor the catalogue names a licence. Ask its author before you publish or sell something with it.",
            "模型文件和目录均未注明许可证。在发布或商用之前，请先咨询作者。";
        into_trash = "Move to trash", "移到回收站";
        delete = "Delete permanently", "永久删除";
        measure = "Measure speed again", "重新测量速度";
        name = "Name", "名称";
        save = "Save", "保存";
        classes: fn(usize) -> String =
            |n| if n == 1 { "1 class".into() } else { format!("{n} classes") },
            |n| format!("{n} 个类别");
        not_measured = "not measured yet", "尚未测量";
        measured_hint: fn(&str, usize) -> String =
            |provider, threads| {
                let plural = if threads == 1 { "" } else { "s" };
                format!("Time per frame on this computer, after a warm-up: median over a few frames of 1280×720 while nothing is playing ({provider}, {threads} thread{plural}). A single first run, as on an image, is slower.")
            },
            |provider, threads| { format!("在本机预热后每帧的耗时：没有播放画面时，用数帧 1280×720 画面测得的中位数（{provider}，{threads} 个线程）。首次单独运行（如处理单张图片）会更慢。") };
        live_hint: fn(&str, usize, (u32, u32)) -> String =
            |provider, threads, (w, h)| {
                let plural = if threads == 1 { "" } else { "s" };
                format!("Time per frame on this computer: median while it ran live on frames of {w}×{h} ({provider}, {threads} thread{plural}). It is measured again on frames of 1280×720 when nothing is playing.")
            },
            |provider, threads, (w, h)| { format!("在本机每帧的耗时：实时运行于 {w}×{h} 画面时的中位数（{provider}，{threads} 个线程）。没有播放画面时会改用 1280×720 画面重新测量。") };
        hash = "SHA-256", "SHA-256";
        not_hashed = "being computed…", "正在计算…";
        source = "Project", "项目";
        licence = "Licence", "许可证";
        evidence = "Why this type?", "识别依据";
        file = "File", "文件";
        not_understood = "not recognised", "未能识别";
        broken = "unusable", "无法使用";
        download = "Download", "下载";
        download_anyway = "Download", "下载";
        pause = "Pause", "暂停";
        resume = "Resume", "继续";
        cancel = "Cancel", "取消";
        try_again = "Try again", "重试";
        waiting = "Waiting", "等待中";
        connecting: fn(&str) -> String =
            |host| format!("Connecting to {host}…"),
            |host| format!("正在连接 {host}…");
        starter = "Starter set", "入门套装";
        starter_text =
            "Objects, faces, people segmentation, pose, depth, classification and two painting styles: small models, free for any use.",
            "目标、人脸、人像分割、姿态、深度、分类和两种绘画风格：都是可自由使用的小模型。";
        download_starter: fn(&str) -> String =
            |size| format!("Download all ({size})"),
            |size| format!("全部下载（{size}）");
        classics = "Classics", "经典模型";
        classics_hint =
            "The networks that a course on deep learning goes through, in its order.",
            "深度学习课程中的经典网络，按课程顺序排列。";
        paper = "Paper", "论文";
        parameters: fn(&str) -> String =
            |n| format!("{n} parameters"),
            |n| format!("{n} 参数");
        paused = "Paused", "已暂停";
        on_this_computer = "On this computer", "已在本机";
        unverified = "no checksum", "无校验值";
        unverified_hint =
            "No checksum is published for this file. Its own is recorded when it is downloaded, so that later changes are noticed.",
            "该文件没有公布校验值。下载时会记录其校验值，以便发现之后的变化。";
        licence_title: fn(&str) -> String =
            |name| format!("Licence of {name}"),
            |name| format!("{name} 的许可证");
        project_page = "Project page", "项目主页";
        left: fn(u64) -> String =
            |s| if s < 90 { format!("{s} s left") } else { format!("{} min left", s.div_ceil(60)) },
            |s| if s < 90 { format!("剩余 {s} 秒") } else { format!("剩余 {} 分钟", s.div_ceil(60)) };
        imported = "Added to the library", "已添加到模型库";
        was_here = "Already in the library", "已在模型库中";
        fetched = "Downloaded", "下载完成";
        pinned: fn(&str) -> String =
            |name| format!("{name}. No checksum is published; that of this download is now recorded."),
            |name| format!("{name}：没有公布的校验值；已记录此次下载的校验值。");
        removed = "Moved to trash", "已移到回收站";
        right = "Verified: identical to the published file.", "校验通过：与公布的文件一致。";
        right_pinned = "Verified: unchanged since it was downloaded.", "校验通过：自下载以来没有变化。";
        whole =
            "A complete ONNX file. There is no published checksum to compare it with.",
            "这是完整的 ONNX 文件，但没有公布的校验值可供比较。";
        changed =
            "Verification failed: this is not the published file. Remove it and download it again.",
            "校验失败：与公布的文件不同。请移除后重新下载。";
        weights_changed =
            "Verification failed: the weights, which are in a separate file, have changed since their checksum was recorded. Import it again.",
            "校验失败：该模型单独存放的权重文件自记录校验值后有变化。请重新导入。";
        file_changed = "Model file changed, model reloaded", "模型文件有变化，已重新加载";
        file_gone =
            "The model file is gone. The model keeps running until you choose another.",
            "模型文件已不存在。在选择其他模型之前，该模型会继续运行。";
        watching = "Watching folder", "正在监视文件夹";
        catalogue_problem = "A model catalogue can't be used", "一份模型目录无法使用";
        drop_here = "Or drag ONNX files or folders into the window.", "也可将 ONNX 文件或文件夹拖入窗口。";
    }
}

/// The name of a sort order.
#[must_use]
pub fn order_name(language: Language, order: SortOrder) -> &'static str {
    pick(
        language,
        match order {
            SortOrder::Recent => ("Favourites and recent", "收藏与最近使用"),
            SortOrder::Name => ("Name", "名称"),
            SortOrder::Task => ("Task", "任务"),
            SortOrder::Speed => ("Speed", "速度"),
            SortOrder::Size => ("Size", "大小"),
        },
    )
}

/// What a licence permits, in a sentence.
#[must_use]
pub fn permits(language: Language, permits: Permits) -> &'static str {
    pick(
        language,
        match permits {
            Permits::Commercial => (
                "Free to use, modify and sell, as long as the licence notice is kept.",
                "可以自由使用、修改和商用，但须保留许可声明。",
            ),
            Permits::Copyleft => (
                "Copyleft: software that includes this model or offers it as a service must be published under the same licence.",
                "著佐权（copyleft）：包含该模型或以其提供服务的软件必须以相同的许可证公开。",
            ),
            Permits::NonCommercial => {
                ("For research and private use only; no commercial use.", "仅限研究和个人使用，不得商用。")
            }
            Permits::Unstated => (
                "The project states no licence. Ask its authors before you share or sell anything made with it.",
                "该项目没有说明许可证。分享或出售相关成果之前，请先征得作者同意。",
            ),
        },
    )
}
