//! The texts of the page "Teach": collecting, training, results, export and finding by example.

use super::failures::{Explain, FailureText, sentences, zh};
use super::page_text::plain_quotes;
use crate::learn::teach::{Advice, HeadKind, MAX_CLASSES, MAX_TSNE, Pooling, TeachError};
use crate::model::labels::Language;

strings! {
    /// Teaching a model new classes.
    Teach {
        title = "Teach", "教学";
        key = "Teach a model new classes", "教模型识别新类别";
        key_hold = "Teach: hold to collect examples", "教学：按住收集示例";
        button = "Teach", "教学";
        // Without a project.
        about =
            "Show the camera a few examples of each class, and a small model learns to tell them apart in a second. The result is one ordinary ONNX file.",
            "给摄像头看每个类别的几个示例，一个小模型一秒内就能学会区分它们。结果是一个普通的 ONNX 文件。";
        new = "New project", "新建项目";
        name = "Name of the project", "项目名称";
        name_hint = "hand signs", "手势";
        create = "Create", "创建";
        goes_to: fn(&str) -> String =
            |folder| format!("It becomes a folder in {folder}: one folder of images for each class, which can be copied and shared."),
            |folder| format!("它是 {folder} 中的一个文件夹：每个类别一个图片文件夹，可以复制和分享。");
        open = "Open project …", "打开项目……";
        open_hint =
            "Any folder with a folder of images for each class will do.",
            "任何“每个类别一个图片文件夹”的文件夹都可以。";
        recent = "Used last", "最近使用";
        opening = "Opening the project …", "正在打开项目……";
        images = "Images", "图片";
        others = "Projects …", "项目……";
        // Tabs.
        examples = "Examples", "示例";
        results = "Results", "结果";
        find = "Find by example", "按示例查找";
        paper = "Paper", "论文";
        what_is_this = "What is this?", "这是什么？";
        // Classes.
        add_class = "Add class", "添加类别";
        add_nothing = "Add \"nothing\"", "添加“无”";
        nothing_text =
            "Add a class for everything else: without it, an empty picture is taken for one of your classes.",
            "为其他一切添加一个类别：否则空画面也会被当作你的某个类别。";
        nothing_class = "nothing", "无";
        class_gone = "That class isn't in the project any more.", "该类别已不在项目中。";
        new_class: fn(usize) -> String = |n| format!("class {n}"), |n| format!("类别 {n}");
        class_name = "Name of the class", "类别名称";
        hold = "Hold to collect", "按住收集";
        collecting = "Collecting …", "正在收集……";
        hold_hint: fn(&str) -> String =
            |key| format!("Hold this button or the key {key}: eight frames a second become examples."),
            |key| format!("按住此按钮或 {key} 键：每秒八帧成为示例。");
        add = "Add …", "添加……";
        add_files = "Image files …", "图片文件……";
        add_folder = "Folder of images …", "图片文件夹……";
        add_gallery = "From the gallery …", "从图库……";
        drop_hint = "Images can be dropped on a class.", "图片可以拖放到类别上。";
        remove_class = "Remove class", "删除类别";
        remove_example = "Move to trash", "移到回收站";
        count: fn(usize) -> String =
            |n| if n == 1 { "1 example".into() } else { format!("{n} examples") }, |n| format!("{n} 个示例");
        held_out: fn(usize) -> String = |n| format!("+ {n} to test"), |n| format!("+ {n} 个用于测试");
        no_examples =
            "Hold the key or drop images here.",
            "按住按键，或将图片拖到这里。";
        first_title = "Name your classes", "为类别命名";
        first_text =
            "Add two classes or more, and collect about ten examples of each. Vary the distance, the light and the background.",
            "添加两个或更多类别，每个收集约十个示例。请变换距离、光线和背景。";
        imbalance: fn(&str, &str) -> String =
            |few, many| format!("\"{few}\" has far fewer examples than \"{many}\": collect more of it, or the model will rather say \"{many}\"."),
            |few, many| format!("“{few}”的示例远少于“{many}”：请多收集一些，否则模型会偏向“{many}”。");
        no_picture =
            "There is no picture. Open a camera or a video on the preview; files can be added without one.",
            "没有画面。请在主画面打开摄像头或视频；没有画面也可以添加文件。";
        no_frame = "No frame to collect: open a camera or a video first.", "没有可收集的画面：请先打开摄像头或视频。";
        hidden =
            "Privacy hides the whole frame, so it wasn't collected. Run a model that finds what is to be hidden, or turn privacy off in the settings.",
            "隐私功能隐藏了整个画面，因此未收集。请运行能找到要隐藏对象的模型，或在设置中关闭隐私。";
        not_collected = "Not collected", "未收集";
        busy = "The disk is slow: wait a moment until the changes before are saved.", "磁盘较慢：请稍候，等之前的更改保存完毕。";
        broken = "Something went wrong inside. Open the project again.", "内部出错。请重新打开项目。";
        added: fn(usize) -> String =
            |n| if n == 1 { "1 example added".into() } else { format!("{n} examples added") },
            |n| format!("已添加 {n} 个示例");
        not_added: fn(usize) -> String =
            |n| if n == 1 { "1 file can't be used".into() } else { format!("{n} files can't be used") },
            |n| format!("{n} 个文件无法使用");
        nothing_added = "No image was found there.", "那里没有找到图片。";
        removed_example = "Example moved to the trash", "示例已移到回收站";
        removed_class: fn(&str) -> String =
            |name| format!("Class \"{name}\" removed"), |name| format!("已删除类别“{name}”");
        restored = "Brought back", "已恢复";
        notes = "About this project", "关于此项目";
        // Live.
        live = "Live", "实时";
        live_waiting = "Scores appear here after the first training.", "首次训练后，这里会显示分数。";
        live_opening = "Opening the model …", "正在打开模型……";
        ms: fn(f32) -> String = |ms| format!("{ms:.0} ms a frame"), |ms| format!("每帧 {ms:.0} 毫秒");
        about_live =
            "Confidence: what the head answers for the newest frame; the bars add up to 100%. It was only taught your classes, so it answers with one of them whatever it sees.",
            "置信度（confidence）：分类头对最新一帧的回答，各条之和为 100%。它只学过你的类别，所以无论看到什么，都会从中选一个回答。";
        // Training.
        training = "Training", "训练";
        needs_two = "Training begins by itself once two classes have an example each.", "当两个类别各有一个示例后，训练会自动开始。";
        needs_example: fn(&str) -> String =
            |name| format!("\"{name}\" has no example yet. Collect one, or remove the class."),
            |name| format!("“{name}”还没有示例。请收集一个，或删除该类别。");
        waiting = "Changes are trained in a moment.", "即将根据更改重新训练。";
        opening_backbone = "Opening the backbone …", "正在打开骨干网络……";
        embedding: fn(usize, usize) -> String =
            |done, all| format!("Looking at the examples: {done} of {all}"), |done, all| format!("正在计算示例的特征：{done} / {all}");
        fitting = "Fitting the head …", "正在训练分类头……";
        stopped = "Training was stopped.", "训练已停止。";
        train_now = "Train", "训练";
        stop = "Stop", "停止";
        trained: fn(&str, usize, f64) -> String =
            |head, n, ms| format!("{}, from {n} examples in {}", capital(head), time(ms, " ms", " s")),
            |head, n, ms| format!("{head}，{n} 个示例，用时 {}", time(ms, " 毫秒", " 秒"));
        outdated = "These results are of the examples before your last change.", "这些结果对应上次更改之前的示例。";
        left_out: fn(usize) -> String =
            |n| if n == 1 { "1 image can't be read and is left out.".into() } else { format!("{n} images can't be read and are left out.") },
            |n| format!("{n} 张图片无法读取，已略过。");
        about_training =
            "Transfer learning: a network that was trained on a million images turns each of yours into numbers, and only a small head on top of them learns. So ten examples are enough.",
            "迁移学习（transfer learning）：在百万张图片上训练过的网络把你的图片变成数字，只有其上的小分类头需要学习，所以十个示例就够了。";
        // Backbone.
        backbone = "Backbone", "骨干网络";
        choose_backbone = "Choose a model", "选择模型";
        no_backbone =
            "There is no model to learn with yet. Get a classifier from the library (key L), for example MobileNetV2.",
            "还没有可用的模型。请从模型库（L 键）下载一个分类模型，例如 MobileNetV2。";
        other_models = "Other models", "其他模型";
        cut: fn(&str, usize) -> String =
            |name, n| format!("Cut at \"{name}\": {n} numbers an image"), |name, n| format!("截断于“{name}”：每张图片 {n} 个数");
        cut_at = "Cut at", "截断位置";
        cut_found = "found in the graph", "在图中自动找到";
        about_backbone =
            "Embedding: the numbers that the network has for an image just before its last layer. Images that look alike have embeddings that are near each other.",
            "嵌入（embedding，特征向量）：网络在最后一层之前对一张图片给出的数字。看起来相似的图片，嵌入也彼此接近。";
        head = "Head", "分类头";
        head_auto = "the best one (cross-validation)", "最佳（交叉验证选择）";
        head_mean = "nearest class mean", "最近类中心";
        head_logistic = "logistic regression", "逻辑回归";
        head_mlp = "small network (MLP)", "小型网络（MLP）";
        // Results.
        no_results = "No results yet", "还没有结果";
        no_results_text =
            "Collect a few examples of two classes or more. Accuracy, confusions and a map appear as soon as the first head is trained.",
            "请为两个或更多类别收集几个示例。第一个分类头训练好后，这里会显示准确率、混淆和分布图。";
        accuracy = "Accuracy", "准确率";
        no_better: fn(f64) -> String =
            |guessing| format!("That is no better than guessing ({}). Each take is judged by a head that saw the other takes only: collect every class in several takes, places and lights.", percent(guessing)),
            |guessing| format!("这不比猜测（{}）更好。每次采集都由只见过其他采集的分类头来判断：请在不同时间、地点和光线下多次收集每个类别。", percent(guessing));
        accuracy_is: fn(f64, f64, f64) -> String =
            |share, low, high| format!("{} (between {} and {})", percent(share), percent(low), percent(high)),
            |share, low, high| format!("{}（{} 至 {} 之间）", percent(share), percent(low), percent(high));
        accuracy_short: fn(f64, f64, f64) -> String =
            |share, low, high| format!("{} ({}–{})", percent(share), percent(low), percent(high)),
            |share, low, high| format!("{}（{}–{}）", percent(share), percent(low), percent(high));
        right_of: fn(usize, usize) -> String =
            |right, all| format!("{right} of {all} right"), |right, all| format!("{all} 个中 {right} 个正确");
        measured: fn(&str, &str) -> String = |how, figures| format!("{how}: {figures}"), |how, figures| format!("{how}：{figures}");
        folds: fn(usize) -> String =
            |n| format!("Cross-validation in {n} folds"), |n| format!("{n} 折交叉验证");
        held_out_accuracy = "On images kept to test", "测试图片上";
        no_folds =
            "Too few examples to measure: with two or more of each class, the accuracy is measured by cross-validation.",
            "示例太少，无法衡量：每个类别有两个或更多时，会用交叉验证衡量准确率。";
        about_accuracy =
            "Cross-validation: the head learns from some of the examples and is asked about the others, in turn. The range is where the true accuracy lies in 95 of 100 cases; frames of one press of the key stay together.",
            "交叉验证（cross-validation）：分类头轮流用一部分示例学习，再回答其余示例。括号内是 95% 置信区间；同一次按键收集的帧总在一起。";
        chosen = "chosen", "已选用";
        chosen_why: fn(&str) -> String =
            |head| format!("{} is used: it was right most often, and where two are equal, the surer one.", capital(head)),
            |head| format!("选用{head}：正确最多；相同时选概率更好的。");
        chosen_you: fn(&str) -> String = |head| format!("{} is used because you chose it.", capital(head)), |head| format!("按你的选择使用{head}。");
        chosen_few: fn(&str) -> String =
            |head| format!("{} is used until there are enough examples to compare heads.", capital(head)),
            |head| format!("在示例足够比较之前，使用{head}。");
        confusion = "Confusions", "混淆矩阵";
        confusion_rows = "Rows: what it is. Columns: what it was taken for. Click a number to see these images.", "行：实际类别。列：被认作的类别。点击数字查看这些图片。";
        confusion_cell: fn(&str, &str, usize) -> String =
            |a, b, n| if a == b { format!("{n} × \"{a}\", and right") } else { format!("{n} × \"{a}\" taken for \"{b}\"") },
            |a, b, n| if a == b { format!("“{a}”判断正确：{n} 次") } else { format!("“{a}”被认作“{b}”：{n} 次") };
        about_confusion =
            "Confusion matrix: numbers on the diagonal are right, all others show which classes are mixed up.",
            "混淆矩阵（confusion matrix）：对角线上的是正确的，其余显示哪些类别被混淆。";
        uncertain = "Least certain", "最不确定的示例";
        about_uncertain =
            "Active learning: the examples that the head is least sure of teach it the most. Look whether they are in the right class.",
            "主动学习（active learning）：分类头最没把握的示例最有价值。请检查它们是否分对了类。";
        uncertain_is: fn(&str, &str, f32) -> String =
            |class, taken, score| format!("\"{class}\", taken for \"{taken}\": {} for its own class", percent(f64::from(score))),
            |class, taken, score| format!("“{class}”，被认作“{taken}”：自身类别分数 {}", percent(f64::from(score)));
        map = "Map of the examples", "示例分布图";
        about_map =
            "Dimensionality reduction: each point is an example in the colour of its class, and what lies together has similar embeddings. Classes whose points mix will be confused.",
            "降维（dimensionality reduction）：每个点是一个示例，颜色表示类别；靠在一起的示例嵌入相似。点混在一起的类别容易混淆。";
        map_pca =
            "PCA shows the two directions in which the embeddings differ most: what lies far apart here differs a lot. Small differences can be lost.",
            "PCA（主成分分析）显示嵌入差异最大的两个方向：这里相距远的，差别就大。细小的差别可能看不到。";
        map_tsne =
            "t-SNE puts each example beside those that are most like it. How far apart groups lie, and how large they are, means little.",
            "t-SNE 把每个示例放在与它最相似的示例旁边。群与群之间的距离和群的大小没有多少意义。";
        map_computing = "t-SNE is being computed. Until then the map is drawn by PCA.", "正在计算 t-SNE。在此之前，分布图由 PCA 绘制。";
        map_waits = "t-SNE is computed once the training has ended. Until then the map is drawn by PCA.", "训练结束后计算 t-SNE。在此之前，分布图由 PCA 绘制。";
        map_few = "t-SNE needs four examples or more, so the map is drawn by PCA.", "t-SNE 至少需要四个示例，因此分布图由 PCA 绘制。";
        map_many: fn(usize) -> String =
            |n| format!("t-SNE compares each example with every other one and takes {MAX_TSNE} at most; these are {n}. The map is drawn by PCA."),
            |n| format!("t-SNE 要将每个示例与其他所有示例比较，最多 {MAX_TSNE} 个；现在有 {n} 个。分布图由 PCA 绘制。");
        map_alike = "The embeddings of all examples are the same, so there is nothing for t-SNE to draw apart.", "所有示例的嵌入都相同，t-SNE 无法将它们分开。";
        map_broken = "t-SNE couldn't be computed, so the map is drawn by PCA.", "无法计算 t-SNE，因此分布图由 PCA 绘制。";
        next = "What to collect next", "接下来收集什么";
        // Export.
        export = "Export", "导出";
        export_title = "Export as an ONNX model", "导出为 ONNX 模型";
        export_needs = "Train first: two classes with an example each.", "请先训练：两个类别各需一个示例。";
        export_text =
            "Backbone and head become one file, with the class names and the preprocessing in its metadata. It is checked by running it on all examples.",
            "骨干网络和分类头合成一个文件，元数据中包含类别名称和预处理方式。写好后会在所有示例上运行以校验。";
        file_name = "Name of the file", "文件名";
        folder = "Folder", "文件夹";
        choose_folder = "Choose …", "选择……";
        raw_bytes = "Raw bytes in", "直接输入原始字节";
        raw_bytes_text =
            "Normalisation and colour order become part of the graph: other programs feed the pixels of an RGB image, resized and cropped as the backbone wants it.",
            "归一化和颜色顺序成为图的一部分：其他程序只需按骨干网络的要求缩放和裁剪，再直接输入 RGB 图片的像素。";
        exporting = "Writing and checking the model …", "正在写入并校验模型……";
        exported = "Exported", "已导出";
        exported_text: fn(usize, f64) -> String =
            |n, difference| format!("It was run on {n} images and gives the same scores (largest difference {difference:.1e})."),
            |n, difference| format!("已在 {n} 张图片上运行，分数一致（最大差异 {difference:.1e}）。");
        in_library = "It is listed in the library.", "它已列入模型库。";
        run_now = "Run it now", "立即运行";
        use_from_now = "Use it from now on", "从现在起使用它";
        overwrite: fn(&str) -> String =
            |name| format!("\"{name}\" is there already and will be replaced."), |name| format!("“{name}”已存在，将被替换。");
        // Gallery.
        gallery_title: fn(&str) -> String =
            |class| format!("Add images to \"{class}\""), |class| format!("将图片添加到“{class}”");
        gallery_none = "There are no images in the gallery yet: Space on the preview takes one.", "图库中还没有图片：在主画面按空格键即可截图。";
        gallery_add: fn(usize) -> String = |n| format!("Add {n}"), |n| format!("添加 {n} 张");
        // Find.
        find_title = "Find by example", "按示例查找";
        find_text =
            "Click something in the picture, or drag a box around it. Wherever the network sees the same features, the picture lights up.",
            "在画面中点击某物，或拖出一个框。网络看到相同特征的地方都会亮起。";
        similarity = "Similarity", "相似度";
        similarity_hint = "Cells whose features are at least so alike are shown (cosine, 1 is the same).", "显示特征相似度不低于此值的格子（余弦，1 表示相同）。";
        find_best: fn(f32, f32) -> String =
            |best, share| format!("Best match now {best:.2}; {} of the picture is over the limit.", percent(f64::from(share))),
            |best, share| format!("当前最佳匹配 {best:.2}；画面的 {} 超过阈值。", percent(f64::from(share)));
        find_nothing_yet = "Nothing was clicked yet.", "尚未点击任何内容。";
        find_lower = "Nothing is so alike: lower the similarity.", "没有如此相似的地方：请降低相似度。";
        colours_title = "Features as colours", "特征的颜色";
        show_colours = "Show the features as colours (PCA)", "以颜色显示特征（PCA）";
        colours_text =
            "The three directions in which the features differ most become red, green and blue: parts of one colour are alike to the network.",
            "特征差异最大的三个方向成为红、绿、蓝：颜色相同的部分，在网络看来是相似的。";
        colours_private = "With privacy on, no colours are drawn: they would show what is hidden.", "打开隐私时不绘制颜色：否则会显示被隐藏的内容。";
        find_outside = "The network sees nothing there: click somewhere else.", "网络在那里看不到任何内容：请点击其他位置。";
        find_clear = "Clear", "清除";
        find_maps = "Feature maps", "特征图";
        find_maps_is: fn(&str, usize, usize, usize) -> String =
            |name, w, h, n| format!("{name}: {w} × {h} cells of {n} numbers"), |name, w, h, n| format!("{name}：{w} × {h} 个格子，每格 {n} 个数");
        find_finer = "Finer maps show smaller things, coarser ones know more of what they are.", "更细的特征图能显示更小的东西，更粗的更懂它是什么。";
        find_none = "This model has no feature map that lies over the picture. Choose another backbone.", "此模型没有与画面对应的特征图。请选择其他骨干网络。";
        about_find =
            "Cosine similarity of features: the vector of a patch is compared with that of every other one, without any training.",
            "特征的余弦相似度（cosine similarity）：将一个图块的向量与其他所有图块比较，无需任何训练。";
        // Quitting.
        quit_saving: fn(usize) -> String =
            |n| if n == 1 { "1 change is being saved".into() } else { format!("{n} changes are being saved") },
            |n| format!("正在保存 {n} 处更改");
        quit_exporting = "A model is being exported", "正在导出模型";
        quit_text = "Sightline closes by itself when that is done.", "完成后 Sightline 会自动关闭。";
        quit_anyway = "Quit anyway", "仍然退出";
    }
}

/// A share as a percentage.
fn percent(share: f64) -> String {
    format!("{:.0}%", share.clamp(0.0, 1.0) * 100.0)
}

/// A text that begins a sentence.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A time in the unit that reads best.
fn time(ms: f64, milliseconds: &str, seconds: &str) -> String {
    if ms < 1000.0 { format!("{ms:.0}{milliseconds}") } else { format!("{:.1}{seconds}", ms / 1000.0) }
}

/// The name of a kind of head.
#[must_use]
pub fn head_name(w: &Teach, kind: HeadKind) -> &'static str {
    match kind {
        HeadKind::Mean => w.head_mean,
        HeadKind::Logistic => w.head_logistic,
        HeadKind::Mlp => w.head_mlp,
    }
}

/// What to collect next, as a sentence. `names`: those of the classes.
#[must_use]
pub fn advice_text(advice: &Advice, names: &[String], language: Language) -> String {
    let name = |class: usize| names.get(class).map_or("", String::as_str);
    match (advice, language) {
        (Advice::Few { class, count }, Language::English) => {
            format!("Collect more of \"{}\": it has only {count}.", name(*class))
        }
        (Advice::Few { class, count }, Language::Chinese) => {
            format!("请多收集“{}”：它只有 {count} 个。", name(*class))
        }
        (Advice::Confused { class, with, times }, Language::English) => format!(
            "\"{}\" and \"{}\" were mixed up {}: collect both where they look alike.",
            name(*class),
            name(*with),
            if *times == 1 { "once".into() } else { format!("{times} times") }
        ),
        (Advice::Confused { class, with, times }, Language::Chinese) => {
            format!(
                "“{}”和“{}”混淆了 {times} 次：请在两者相似的情形下各收集一些。",
                name(*class),
                name(*with)
            )
        }
        (Advice::OneTake { classes }, Language::English) => {
            let names: Vec<String> = classes.iter().map(|class| format!("\"{}\"", name(*class))).collect();
            format!(
                "Collect {} a second time, elsewhere or later: all examples were taken in one go and are nearly alike, so the accuracy looks better than it is.",
                names.join(", ")
            )
        }
        (Advice::OneTake { classes }, Language::Chinese) => {
            let names: Vec<String> = classes.iter().map(|class| format!("“{}”", name(*class))).collect();
            let names = names.concat();
            format!("请在其他地点或时间再收集一次{names}：其示例都是一次收集的，几乎相同，因此准确率偏高。")
        }
        (Advice::Vary, Language::English) => {
            "Nothing is confused. Try other places, light, distances and backgrounds.".into()
        }
        (Advice::Vary, Language::Chinese) => "没有混淆。请尝试其他地点、光线、距离和背景。".into(),
    }
}

/// How a tensor becomes one vector.
#[must_use]
pub fn pooling_text(pooling: Pooling, language: Language) -> &'static str {
    let texts = match pooling {
        Pooling::None => ("taken as it is", "直接使用"),
        Pooling::Mean => ("the mean of each map", "取每张特征图的平均"),
        Pooling::FirstToken => ("the class token", "取类别词元"),
        Pooling::MeanToken => ("the mean of all tokens", "取所有词元的平均"),
    };
    super::language::pick(language, texts)
}

impl Explain for TeachError {
    fn english_fix(&self) -> String {
        match self {
            Self::Model(error) => error.english_fix(),
            error => error.fix(),
        }
    }

    fn chinese(&self) -> FailureText {
        let shown =
            |path: &std::path::Path| crate::library::names::shown(&path.display().to_string()).into_owned();
        match self {
            Self::NoFolder { path } => {
                FailureText::new(format!("文件夹“{}”不存在。", shown(path)), "请检查名称和所在的文件夹。")
            }
            Self::Unreadable { path, reason } => FailureText::new(
                format!("无法读取“{}”：{}。", shown(path), zh(reason)),
                "请检查当前账户是否有权读取。",
            ),
            Self::Unwritable { path, reason } => FailureText::new(
                format!("无法写入“{}”：{}。", shown(path), zh(reason)),
                "请检查文件夹是否存在、当前账户是否有权写入、磁盘是否已满。",
            ),
            Self::BadProject { path, reason } => FailureText::new(
                format!("项目文件“{}”无效：{}。", shown(path), zh(reason)),
                "请修正它，或删除它：没有它也会找到各类别的文件夹。",
            ),
            Self::TooFewClasses { path, count } => FailureText::new(
                format!("“{}”有 {count} 个带图片的类别，而模型至少要区分两个。", shown(path)),
                "请在其中为每个类别建一个文件夹，并放入图片。",
            ),
            Self::TooManyClasses { .. } => FailureText::new(
                format!("项目的类别超过 {MAX_CLASSES} 个，而最多只能有 {MAX_CLASSES} 个。"),
                "请删除一些类别，或拆分项目。",
            ),
            Self::NameTaken { name } => FailureText::new(format!("已有类别“{name}”。"), "请使用其他名称。"),
            Self::ChangedOutside { path } => FailureText::new(
                format!("“{}”已被其他窗口或程序更改，因此未覆盖。", shown(path)),
                "请重新打开项目，再做一次更改。",
            ),
            Self::NameTooLong { count } => FailureText::new(
                format!("名称有 {count} 个字符，最多 {} 个。", crate::learn::teach::MAX_NAME),
                "请使用较短的名称。",
            ),
            Self::NoName => FailureText::new("类别需要名称。", "请输入名称。"),
            Self::NoClass { index } => {
                FailureText::new(format!("没有类别 {index}。"), "请选择项目中的类别。")
            }
            Self::EmptyClass { name } => FailureText::new(
                format!("类别“{name}”没有可读取的图片。"),
                "请在其文件夹中放入图片，或删除该类别。",
            ),
            Self::Model(error) => error.chinese(),
            Self::NoBackbone { path, reason } => FailureText::new(
                format!("“{}”不能作为骨干网络：{}。", shown(path), zh(reason)),
                "请选择以一张图片为输入的分类、嵌入或检测模型。",
            ),
            Self::BadTensor { name, reason } => FailureText::new(
                format!("张量“{name}”不能作为嵌入：{}。", zh(reason)),
                "请选择列出的候选张量之一。",
            ),
            Self::OtherBackbone { path } => FailureText::new(
                format!("此项目使用的骨干网络不是“{}”。", shown(path)),
                "请选择原来的模型，或从现在起改用这个模型。",
            ),
            Self::Untrainable { reason } => FailureText::new(
                format!("无法训练分类头：{}。", zh(reason)),
                "请收集其他示例，或选择其他骨干网络。",
            ),
            Self::TooMuch { images, numbers } => FailureText::new(
                format!("{images} 张图片、每张 {numbers} 个数的嵌入太多，无法一次学习。"),
                "请减少图片，或选择数较少的张量作为嵌入。",
            ),
            Self::Linked { path } => FailureText::new(
                format!("“{}”是链接，而指向文件夹的链接不会被跟随。", shown(path)),
                "请将该文件夹复制到项目中。",
            ),
            Self::Exists { path } => {
                FailureText::new(format!("“{}”已存在。", shown(path)), "请使用其他名称，或选择替换它。")
            }
            Self::Differs { difference } => FailureText::new(
                format!("导出的模型与训练的分类头分数不同（最大差异 {difference:.6}），因此未保留。"),
                "请选择其他张量或骨干网络，或附上模型名称反馈此问题。",
            ),
            Self::Unverified => FailureText::new(
                "所有图片都已无法读取，无法核对导出的模型，因此未保留。",
                "请检查项目文件夹是否还在，然后重新训练。",
            ),
            Self::IsBackbone { path } => FailureText::new(
                format!("导出的模型会替换它自己的骨干网络“{}”。", shown(path)),
                "请给导出的模型换个名称，或选择其他文件夹。",
            ),
            Self::SidecarThere { path } => FailureText::new(
                format!("此处有设置文件“{}”，它会改变导出模型的读取方式。", shown(path)),
                "请给导出的模型换个名称，或移走该设置文件。",
            ),
            Self::NotExported { reason } => {
                FailureText::new(format!("无法导出模型：{}。", zh(reason)), "请选择其他骨干网络或张量。")
            }
            Self::Discard(error) => error.chinese(),
            Self::Stopped => FailureText::new("训练已停止。", ""),
        }
    }
}

/// An error with its fix, on one line.
#[must_use]
pub fn teach_error(error: &TeachError, language: Language) -> String {
    let FailureText { message, fix } = error.explain(language);
    plain_quotes(&sentences(&message, &fix))
}
