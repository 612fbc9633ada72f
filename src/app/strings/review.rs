//! The texts of the page of data sets: collecting, reviewing, export and evaluation.

use super::failures::{Explain, FailureText, sentences, zh};
use super::page_text::plain_quotes;
use crate::dataset::measure::MeasureError;
use crate::dataset::{CollectError, Exported, Format};
use crate::model::labels::Language;

strings! {
    /// Data sets.
    Datasets {
        title = "Data sets", "数据集";
        about =
            "A data set is a folder of images with labels, to train a model with or to measure it by. Collect frames with the K key while a model runs: what it finds becomes suggestions, which you then correct here.",
            "数据集是带标注的图片文件夹，用于训练模型或衡量模型。模型运行时按 K 键收集画面：识别结果会成为标注建议，然后在此修正。";
        choose_first = "Choose a data set to collect into, or create one.", "请选择要收集到的数据集，或新建一个。";
        new = "New data set", "新建数据集";
        name = "Name", "名称";
        name_hint = "street", "街道";
        create = "Create", "创建";
        goes_to: fn(&str) -> String = |folder| format!("It is made in {folder}."), |folder| format!("将创建于 {folder}。");
        open = "Open data set …", "打开数据集……";
        recent = "Used last", "最近使用";
        opening = "Opening the data set …", "正在打开数据集……";
        others = "Data sets …", "数据集……";
        key = "Data sets", "数据集";
        key_collect = "Collect the frame into the data set", "将画面收集到数据集";
        collect = "Collect into a data set", "收集到数据集";
        // In the live view.
        collected: fn(&str, usize) -> String =
            |name, count| format!("{name}: {count} {}", if count == 1 { "image" } else { "images" }),
            |name, count| format!("{name}：{count} 张图片");
        collecting = "saving …", "正在保存……";
        last_saved = "saved", "已保存";
        last_failed = "not saved", "未保存";
        not_collected = "Not collected", "未收集";
        too_fast = "Wait until the frames before are saved.", "请等待前面的画面保存完毕。";
        comparing_hides =
            "With privacy on, no frames are collected while models are compared.",
            "打开隐私时，比较模型期间不收集画面。";
        nothing_to_collect = "There is no frame yet. Choose a source first.", "还没有画面。请先选择来源。";
        // The list.
        progress: fn(usize, usize) -> String =
            |done, all| format!("{done} of {all} reviewed"), |done, all| format!("已审核 {done} / {all}");
        all = "All images", "全部图片";
        open_ones = "To review", "待审核";
        accepted_ones = "Accepted", "已接受";
        rejected_ones = "Rejected", "已拒绝";
        flagged_ones = "Flagged", "已标记";
        show_which = "Show", "显示";
        is_open = "to review", "待审核";
        is_accepted = "accepted", "已接受";
        is_rejected = "rejected", "已拒绝";
        is_blurred = "blurred", "模糊";
        is_damaged = "labels damaged", "标注文件损坏";
        damaged_kept =
            "Labels that you give it are saved; the damaged file is kept beside them.",
            "重新标注后会正常保存，损坏的文件保留在旁边。";
        is_duplicate: fn(&str) -> String = |of| format!("much like {of}"), |of| format!("与 {of} 相似");
        check = "Find blurred and similar images", "查找模糊和相似的图片";
        checking: fn(usize, usize) -> String =
            |done, all| format!("Looking at images: {done} of {all}"), |done, all| format!("正在检查图片：{done} / {all}");
        checked: fn(usize) -> String =
            |count| match count {
                0 => "No image is blurred or like another one.".to_owned(),
                1 => "1 image is flagged.".to_owned(),
                _ => format!("{count} images are flagged."),
            },
            |count| if count == 0 { "没有模糊或相似的图片。".to_owned() } else { format!("标记了 {count} 张图片。") };
        empty_title = "No images yet", "还没有图片";
        empty_text =
            "Go back to the picture and press K to collect frames, or put images into the folder “images” of the data set and open it again.",
            "返回画面，按 K 键收集；或将图片放入数据集的“images”文件夹，然后重新打开。";
        nothing_fits = "No image fits.", "没有符合的图片。";
        image_failed: fn(&str) -> String =
            |why| format!("The image can't be shown: {why}."), |why| format!("无法显示图片：{}。", zh(why));
        image_fix =
            "Put the file back, or reject the image with Shift+X so that it is left out.",
            "请放回该文件，或按 Shift+X 拒绝此图片，使其不被使用。";
        // The editor.
        editor = "Labels on the image", "图片上的标注";
        labels: fn(usize) -> String =
            |count| format!("{count} {}", if count == 1 { "label" } else { "labels" }), |count| format!("{count} 个标注");
        no_labels = "Nothing is labelled. Draw a box with W.", "还没有标注。按 W 绘制框。";
        accept_image = "Accept image", "接受图片";
        reject_image = "Reject image", "拒绝图片";
        reopen_image = "Review again", "重新审核";
        accept = "Accept", "接受";
        accept_all = "Accept all", "全部接受";
        reject = "Reject", "拒绝";
        delete = "Delete", "删除";
        suggested = "suggested", "建议";
        accepted = "accepted", "已接受";
        rejected = "rejected", "已拒绝";
        class = "Class", "类别";
        new_class_for = "Class of new labels", "新标注的类别";
        image_class = "Class of the image", "图片的类别";
        no_class = "none", "无";
        type_a_class = "Type a name", "输入名称";
        add_class: fn(&str) -> String = |name| format!("New class “{name}”"), |name| format!("新类别“{name}”");
        tool_select = "Select", "选择";
        tool_box = "Box", "框";
        tool_outline = "Outline", "轮廓";
        tool_points = "Keypoints", "关键点";
        previous = "Previous image", "上一张";
        next = "Next image", "下一张";
        undo = "Undo", "撤销";
        redo = "Redo", "重做";
        fit = "Fit to window", "适应窗口";
        hint_idle =
            "Enter accept all and go on · Shift+X reject image · A D images · U next to review · W box · P outline · B box with keys · E next label · T evaluation · Ctrl+E export",
            "回车 全部接受并继续 · Shift+X 拒绝图片 · A D 切换图片 · U 下一张待审核 · W 框 · P 轮廓 · B 用键盘添加框 · E 下一个标注 · T 评估 · Ctrl+E 导出";
        hint_selected =
            "S accept · X reject · C class · 1…9 class · Del delete · arrows move · N next corner or point, arrows pull it · I add a corner · K keypoints · V visibility · Esc deselect",
            "S 接受 · X 拒绝 · C 类别 · 1…9 类别 · Del 删除 · 方向键移动 · N 下一个角或点，方向键拖动 · I 添加角 · K 关键点 · V 可见性 · Esc 取消选择";
        hint_box =
            "Drag from corner to corner, or press B for a box in the middle that keys move. Esc ends it.",
            "从一角拖到对角，或按 B 在中间添加可用键盘移动的框。按 Esc 结束。";
        hint_outline =
            "Click the corners one after the other; Enter or a click on the first one closes it. Backspace takes the last one back. B begins with four corners that keys move.",
            "依次点击各个角；按回车或点击第一个角闭合。按退格撤回上一个角。按 B 添加四个角，可用键盘移动。";
        hint_point: fn(&str) -> String =
            |name| format!("Click where this is: {name}. B puts it into the middle, where keys move it. Backspace skips it, Esc ends."),
            |name| format!("请点击此点的位置：{name}。按 B 放在中间，再用键盘移动。按退格跳过，按 Esc 结束。");
        hint_no_points =
            "Select a label whose class has keypoints, as a pose model suggests them.",
            "请选择类别带有关键点的标注，例如姿态模型给出的建议。";
        hint_points_done = "All keypoints are labelled. Drag them, or press Esc.", "所有关键点都已标注。可拖动，或按 Esc。";
        // Evaluation.
        review = "Review", "审核";
        evaluation = "Evaluation", "评估";
        evaluation_about =
            "Runs a model over the images that you have reviewed and compares what it finds with their labels. With two models you see whether the fine-tuned or quantised one is really better.",
            "在已审核的图片上运行模型，并将识别结果与标注比较。选择两个模型即可看出微调或量化后的模型是否真的更好。";
        model = "Model", "模型";
        against = "compared with", "对比";
        no_other = "no other model", "无";
        no_models = "No model can be measured", "没有可评估的模型";
        no_models_text =
            "Add a model that finds objects or classifies images on the page of models (key L).",
            "请在模型页面（L 键）添加检测或分类模型。";
        evaluate = "Measure", "开始评估";
        evaluating: fn(usize, usize) -> String =
            |done, all| format!("Measuring: {done} of {all}"), |done, all| format!("正在评估：{done} / {all}");
        not_evaluated = "Not measured", "评估失败";
        outdated = "The labels have been changed since", "标注已在此后修改";
        outdated_text = "These figures are those of the labels as they were.", "以下指标对应修改前的标注。";
        measure_again = "Measure again", "重新评估";
        really_better = "Is it really better?", "真的更好吗？";
        figures = "Figures, in per cent", "指标（百分比）";
        by_class = "By class, in per cent", "按类别（百分比）";
        objects = "Objects", "目标数";
        images = "Images", "图片数";
        precision = "Precision", "精确率";
        recall = "Recall", "召回率";
        mask_map = "Masks mAP50-95", "掩膜 mAP50-95";
        mask_map50 = "Masks mAP50", "掩膜 mAP50";
        top1 = "Top-1", "Top-1 准确率";
        top5 = "Top-5", "Top-5 准确率";
        ms_per_image = "Time for an image", "每张图片用时";
        at_confidence: fn(&str) -> String =
            |at| format!("Precision, recall and mistakes are those at the confidence where F1 is best: {at}."),
            |at| format!("精确率、召回率和错误取自 F1 最高时的置信度：{at}。");
        details_of = "Mistakes of", "错误来自";
        confusion = "What was taken for what", "混淆矩阵";
        confusion_text =
            "A row for each class of the data set, a column for each class that was found. The classes with the most objects and mistakes are shown.",
            "每行为数据集中的类别，每列为识别出的类别。只显示目标和错误最多的类别。";
        missed = "missed", "漏检";
        nothing_there = "nothing there", "实际没有";
        false_ones = "false", "误检";
        confused_ones = "taken for another class", "类别错误";
        taken_for: fn(&str, &str) -> String =
            |class, found| format!("{class}, taken for {found}"), |class, found| format!("{class} 被认作 {found}");
        worst = "Worst images", "错误最多的图片";
        worst_text = "Click one to see its labels with what the model found.", "点击即可查看标注和模型的识别结果。";
        no_mistakes = "No image has a mistake.", "没有出错的图片。";
        overlay: fn(&str) -> String =
            |model| format!("Pink: what {model} found. Esc hides it."), |model| format!("粉色：{model} 的识别结果。按 Esc 隐藏。");
        unknown_to_model: fn(&str, &str) -> String =
            |model, names| format!("{model} doesn't know these classes, whose objects count as missed: {names}."),
            |model, names| format!("{model} 没有这些类别，其目标计为漏检：{names}。");
        own_labels: fn(usize, &str) -> String =
            |count, model| format!("The labels of {count} {} began as suggestions of {model}, which favours it: correct them with care, or compare models that suggested none.", if count == 1 { "image" } else { "images" }),
            |count, model| format!("{count} 张图片的标注源自 {model} 的建议，这会使它占优：请仔细修正标注，或比较没有给出建议的模型。");
        left_out: fn(usize) -> String =
            |count| format!("{count} {} left out: missing, damaged, or of another size than the labels say.", if count == 1 { "image was" } else { "images were" }),
            |count| format!("{count} 张图片未计入：缺失、损坏，或尺寸与标注不符。");
        // Checks.
        stop = "Stop", "停止";
        busy = "Something is being done with this data set already.", "此数据集正在进行其他操作。";
        // Import.
        import = "Import a data set", "导入数据集";
        import_text =
            "COCO, YOLO, or a folder of images for each class. Images and labels are copied into a new data set.",
            "支持 COCO、YOLO，或每个类别一个图片文件夹。图片和标注会复制到新的数据集。";
        import_folder = "Folder …", "文件夹……";
        import_file = "COCO JSON or data.yaml …", "COCO JSON 或 data.yaml……";
        importing: fn(usize, usize) -> String =
            |done, all| if all == 0 { "Reading the data set …".to_owned() } else { format!("Importing images: {done} of {all}") },
            |done, all| if all == 0 { "正在读取数据集……".to_owned() } else { format!("正在导入图片：{done} / {all}") };
        missing_images: fn(usize) -> String =
            |count| format!("{count} {} missing and were left out.", if count == 1 { "image is" } else { "images are" }),
            |count| format!("{count} 张图片缺失，未导入。");
        // Export.
        export = "Export …", "导出……";
        export_title = "Export the data set", "导出数据集";
        export_format = "Format", "格式";
        export_to = "Folder", "文件夹";
        export_unreviewed = "Also images that nobody has reviewed, and suggestions", "包括未审核的图片和未接受的建议";
        export_val = "For validation", "用于验证";
        export_test = "For the test", "用于测试";
        export_split_hint =
            "Images that have a split keep it. The split is kept in this data set, too, so that models are measured by images for validation.",
            "已有划分的图片保持不变。划分会保留在此数据集中，以便只用验证图片评估模型。";
        export_start = "Export", "导出";
        exporting: fn(usize, usize) -> String =
            |done, all| format!("Exporting images: {done} of {all}"), |done, all| format!("正在导出图片：{done} / {all}");
        exported: fn(&Exported) -> String = exported_english, exported_chinese;
        no_losses = "The format holds everything.", "该格式可保存全部内容。";
        save_failed = "Labels are not saved", "标注未保存";
        unsaved: fn(usize) -> String =
            |count| format!("The labels of {count} {} are kept here until they can be saved.", if count == 1 { "image" } else { "images" }),
            |count| format!("{count} 张图片的标注暂存于此，直到可以保存。");
        save_again = "Save again", "重新保存";
        broken = "This ended unexpectedly. Try again.", "操作意外中断，请重试。";
        quit_failed: fn(usize) -> String =
            |count| format!("Labels of {count} {} couldn't be saved", if count == 1 { "image" } else { "images" }),
            |count| format!("{count} 张图片的标注无法保存");
        quit_saving: fn(usize) -> String =
            |count| format!("Saving the labels of {count} {} …", if count == 1 { "image" } else { "images" }),
            |count| format!("正在保存 {count} 张图片的标注……");
        quit_text = "If you quit now, what isn't saved is lost.", "现在退出将丢失未保存的内容。";
        quit_export = "An export is running", "正在导出";
        quit_import = "An import is running", "正在导入";
        quit_evaluation = "Models are being evaluated", "正在评估模型";
        quit_stops = "If you quit now, it is stopped and its result is lost.", "现在退出将停止该操作，结果会丢失。";
        quit_anyway = "Quit anyway", "仍要退出";
        waits_for_save = "Labels of this data set still have to be saved.", "此数据集的标注尚未保存。";
        problems: fn(usize) -> String =
            |count| format!("{count} {} of the data set couldn't be read", if count == 1 { "file" } else { "files" }),
            |count| format!("数据集中有 {count} 个文件无法读取");
        and_more: fn(usize) -> String = |count| format!("and {count} more"), |count| format!("以及另外 {count} 个");
    }
}

impl Explain for CollectError {
    fn english_fix(&self) -> String {
        self.fix()
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::Hidden => FailureText::new(
                "隐私保护遮住了整个画面，没有可标注的内容。",
                "请运行能识别需遮挡对象的模型，或在设置中关闭隐私保护。",
            ),
            Self::Dataset(error) => error.chinese(),
        }
    }
}

fn exported_english(exported: &Exported) -> String {
    let [train, val, test, none] = exported.splits;
    let parts =
        [(train, "for training"), (val, "for validation"), (test, "for the test"), (none, "without a split")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    let count = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let (images, labels) = (count(exported.images, "image"), count(exported.labels, "label"));
    format!("{images} with {labels}: {}.", parts.join(", "))
}

fn exported_chinese(exported: &Exported) -> String {
    let [train, val, test, none] = exported.splits;
    let parts = [(train, "训练"), (val, "验证"), (test, "测试"), (none, "未划分")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{name} {count}")).collect();
    format!("{} 张图片，{} 个标注：{}。", exported.images, exported.labels, parts.join("，"))
}

/// The name of a format of other programs.
#[must_use]
pub fn format_name(language: Language, format: Format) -> &'static str {
    let (english, chinese) = match format {
        Format::YoloDetect => ("YOLO: boxes", "YOLO：框"),
        Format::YoloSegment => ("YOLO: outlines", "YOLO：轮廓"),
        Format::YoloPose => ("YOLO: keypoints", "YOLO：关键点"),
        Format::YoloObb => ("YOLO: oriented boxes", "YOLO：旋转框"),
        Format::Coco => ("COCO JSON", "COCO JSON 格式"),
        Format::CocoRle => ("COCO JSON, masks as run lengths", "COCO JSON，掩膜为行程编码"),
        Format::Voc => ("Pascal VOC XML", "Pascal VOC XML 格式"),
        Format::Cvat => ("CVAT XML for images", "CVAT 图片 XML"),
        Format::LabelStudio => ("Label Studio JSON", "Label Studio JSON 格式"),
        Format::Csv => ("CSV, a line for each object", "CSV，每个目标一行"),
        Format::Crops => ("A folder of images for each class", "每个类别一个图片文件夹"),
    };
    if language == Language::English { english } else { chinese }
}

/// What a format's folder is called: "yolo-detect".
#[must_use]
pub fn format_folder(format: Format) -> &'static str {
    match format {
        Format::YoloDetect => "yolo-detect",
        Format::YoloSegment => "yolo-segment",
        Format::YoloPose => "yolo-pose",
        Format::YoloObb => "yolo-obb",
        Format::Coco => "coco",
        Format::CocoRle => "coco-rle",
        Format::Voc => "voc",
        Format::Cvat => "cvat",
        Format::LabelStudio => "label-studio",
        Format::Csv => "csv",
        Format::Crops => "crops",
    }
}

impl Explain for MeasureError {
    fn english_fix(&self) -> String {
        self.fix()
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::Model(error) => error.chinese(),
            Self::NothingReviewed => FailureText::new("数据集中没有已审核的图片。", "请先审核一些图片。"),
            Self::NoObjects => {
                FailureText::new("数据集中没有目标的标注。", "请先标注一些目标，或选择分类模型。")
            }
            Self::NoImageClasses => FailureText::new(
                "数据集没有图片的类别，而该模型对整张图片分类。",
                "请为图片指定类别，或选择检测目标的模型。",
            ),
            Self::Task { task } => FailureText::new(
                format!("此类模型无法用数据集衡量：“{task}”。"),
                "可以衡量检测、分割、姿态、旋转框和分类模型。",
            ),
            Self::NoClass { model, dataset } => FailureText::new(
                format!("模型与数据集没有共同的类别：模型有“{model}”，数据集有“{dataset}”。"),
                "请使用相同的类别名称。",
            ),
            Self::NoImage { reason } => {
                FailureText::new(format!("没有一张图片可以读取：{}。", zh(reason)), "请确认图片存在。")
            }
            Self::Stopped => FailureText::new("衡量已停止。", "需要结果时请重新开始。"),
        }
    }
}

/// An error with its fix, as one text.
#[must_use]
pub fn explained(error: &dyn Explain, language: Language) -> String {
    let FailureText { message, fix } = error.explain(language);
    plain_quotes(&sentences(&message, &fix))
}
