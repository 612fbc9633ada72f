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
        available: fn(usize) -> String = |n| format!("To download ({n})"), |n| format!("可下载（{n}）");
        search = "Search models", "搜索模型";
        all_tasks = "All", "全部";
        sort = "Sort by", "排序方式";
        import = "Add models", "添加模型";
        import_file = "From a file…", "从文件…";
        import_folder = "From a folder…", "从文件夹…";
        watch_folder = "Watch a folder…", "关注文件夹…";
        nothing_here = "No model yet", "还没有模型";
        nothing_here_text =
            "Download one, add an ONNX file of your own, or drop one on the window.",
            "下载一个模型，添加自己的 ONNX 文件，或把文件拖到窗口中。";
        nothing_fits = "No model here fits.", "本机没有符合条件的模型。";
        nothing_fits_available =
            "No model of the catalogue fits. You can still drop any ONNX file on the window.",
            "目录中没有符合条件的模型。仍可把任何 ONNX 文件拖到窗口中。";
        show_available = "Show what can be downloaded", "查看可下载的模型";
        use_it = "Use", "使用";
        running = "Running", "运行中";
        opening = "Opening…", "正在打开…";
        favourite = "Make it a favourite", "加入收藏";
        no_favourite = "No longer a favourite", "取消收藏";
        more = "More", "更多";
        details = "Details", "详细信息";
        rename = "Rename…", "重命名…";
        reveal = "Show in its folder", "打开所在文件夹";
        verify = "Verify", "校验";
        remove = "Remove…", "移除…";
        remove_text = "The file is removed together with the settings next to it.", "文件及其旁边的设置会一起移除。";
        undo = "Undo", "撤销";
        restored = "Restored from the trash", "已从回收站恢复";
        copies = "Also in", "另有副本";
        outside: fn(&str) -> String =
            |folder| format!("Running from {folder}, which isn't a models folder"),
            |folder| format!("正在从 {folder} 运行，该文件夹不在模型库中");
        add_running = "Add to the library", "添加到模型库";
        by_its_file = "What the file itself says of its licence.", "文件自身注明的许可证。";
        into_trash = "Move to the trash", "移到回收站";
        delete = "Delete permanently", "永久删除";
        measure = "Measure its time again", "重新测量耗时";
        name = "Name", "名称";
        save = "Save", "保存";
        classes: fn(usize) -> String =
            |n| if n == 1 { "1 class".into() } else { format!("{n} classes") },
            |n| format!("{n} 个类别");
        not_measured = "not measured yet", "尚未测量";
        measured_hint: fn(&str, usize) -> String =
            |provider, threads| { format!( "Measured on this computer on a 1280×720 frame ({provider}, {threads} threads). Models are measured while nothing is playing." ) },
            |provider, threads| { format!("在本机以 1280×720 画面测得（{provider}，{threads} 线程）。没有播放画面时会自动测量。") };
        hash = "SHA-256", "SHA-256";
        not_hashed = "being computed…", "正在计算…";
        source = "From", "来源";
        licence = "Licence", "许可证";
        evidence = "How we know", "判断依据";
        file = "File", "文件";
        not_understood = "not understood yet", "尚未识别";
        broken = "can't be used", "无法使用";
        download = "Download", "下载";
        download_anyway = "Download", "下载";
        pause = "Pause", "暂停";
        resume = "Continue", "继续";
        cancel = "Cancel", "取消";
        try_again = "Try again", "重试";
        waiting = "Waiting", "等待中";
        paused = "Paused", "已暂停";
        on_this_computer = "On this computer", "已在本机";
        unverified = "unverified", "未校验";
        unverified_hint =
            "Nobody has published this file's hash. It is pinned at the first download, so that any later change is noticed.",
            "该文件没有公布的哈希值。首次下载时会记录其哈希，以后若有变化即可发现。";
        licence_title: fn(&str) -> String =
            |name| format!("The licence of {name}"),
            |name| format!("{name} 的许可证");
        project_page = "Project page", "项目主页";
        left: fn(u64) -> String =
            |s| if s < 90 { format!("{s} s left") } else { format!("{} min left", s.div_ceil(60)) },
            |s| if s < 90 { format!("剩余 {s} 秒") } else { format!("剩余 {} 分钟", s.div_ceil(60)) };
        imported = "Added to the library", "已添加到模型库";
        was_here = "This model was here already", "该模型已在库中";
        fetched = "Downloaded", "下载完成";
        pinned = "Its hash was unknown and is pinned now.", "其哈希值此前未知，现已记录。";
        removed = "In the trash", "已移到回收站";
        right = "Byte for byte the file that its project published.", "逐字节一致：与项目发布的文件相同。";
        right_pinned = "Unchanged since its first download.", "自首次下载以来没有变化。";
        whole =
            "A complete ONNX file. There is no published hash to compare it with.",
            "这是完整的 ONNX 文件，但没有公布的哈希值可供比较。";
        changed =
            "This is not the file that its project published. Remove it and download it again.",
            "这不是项目发布的文件。请移除后重新下载。";
        file_changed = "The model's file changed and was opened again", "模型文件有变化，已重新打开";
        file_gone =
            "The model's file is gone; it keeps running until you choose another one.",
            "模型文件已不存在；在选择其他模型之前它会继续运行。";
        watching = "Watching the folder", "正在关注该文件夹";
        catalogue_problem = "A list of models can't be used", "一份模型目录无法使用";
        drop_here = "Drop ONNX files or folders on the window to add them.", "把 ONNX 文件或文件夹拖到窗口中即可添加。";
    }
}

/// The name of a sort order.
#[must_use]
pub fn order_name(language: Language, order: SortOrder) -> &'static str {
    pick(
        language,
        match order {
            SortOrder::Recent => ("Favourites, then recent", "收藏与最近使用"),
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
                "You may use, change and sell what you make with it, as long as its notice stays.",
                "可以自由使用、修改和商用，但须保留其声明。",
            ),
            Permits::Copyleft => (
                "Copyleft: a program that ships or serves this model must be published under the same licence.",
                "著佐权（copyleft）：分发或提供该模型的程序必须以相同许可证公开。",
            ),
            Permits::NonCommercial => (
                "For research and private use only: nothing made with it may be sold.",
                "仅限研究和个人使用，不得商用。",
            ),
            Permits::Unstated => (
                "Its project states no licence. Ask its authors before you share or sell anything made with it.",
                "该项目没有说明许可证。分享或出售相关成果之前，请先征得作者同意。",
            ),
        },
    )
}
