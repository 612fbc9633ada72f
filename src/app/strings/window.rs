//! The texts of the window.

strings! {
    /// The side panel, the bar, the pages in the preview's place, the settings and the messages.
    Window {
        // Parts of the side panel.
        source = "Source", "画面来源";
        model = "Model", "模型";
        detection = "Detection", "检测";
        result = "Result", "结果";
        classes = "Classes", "类别";
        figures = "Figures", "性能数据";

        // Source.
        choose_source = "Choose a source", "选择画面来源";
        cameras = "Cameras", "摄像头";
        looking_for_cameras = "Looking for cameras…", "正在查找摄像头…";
        no_cameras = "No camera found", "未找到摄像头";
        open_file = "Open image or video…", "打开图片或视频…";
        open_folder = "Open folder of images…", "打开图片文件夹…";
        test_pattern = "Test pattern", "测试图案";
        recent = "Recent", "最近使用";
        camera = "Camera", "摄像头";
        any_camera = "Camera", "摄像头";
        camera_settings = "Camera settings", "摄像头设置";
        mode = "Size and rate", "尺寸与帧率";
        automatic = "Automatic", "自动";
        reset = "Reset", "恢复默认";
        no_controls = "This camera offers no controls.", "此摄像头没有可调项。";
        live = "Live", "实时";
        paused = "Paused", "已暂停";
        ended = "At the end", "已到末尾";
        opening = "Opening…", "正在打开…";
        no_source = "Choose a source", "选择画面来源";
        failed = "No preview", "没有画面";

        // Model.
        choose_model = "Choose a model", "选择模型";
        no_model = "No model", "不使用模型";
        adapter = "Adapter", "适配器";
        no_adapter = "None", "无";
        /// What a style covers.
        covers = "Covers", "作用范围";
        whole_image = "Whole frame", "整幅画面";
        person_only: fn(&str) -> String =
            |matte| format!("Person only · {matte}"),
            |matte| format!("仅人物 · {matte}");
        no_matting_model =
            "For the person only, put a matting model (selfie segmentation, MODNet) into the models folder.",
            "如需仅作用于人物，请将抠像模型（selfie segmentation、MODNet）放入模型文件夹。";
        skeletons_from = "Skeletons from", "骨架来自";
        /// Frames and joints that a model of actions reads.
        skeletons: fn(u32, u32) -> String =
            |frames, joints| format!("{frames} frames × {joints} joints"),
            |frames, joints| format!("{frames} 帧 × {joints} 个关节");
        no_models_found =
            "No model found yet. Open an ONNX file, or drop one on the window.",
            "尚未找到模型。请打开 ONNX 文件，或将其拖入窗口。";
        open_model = "Open model…", "打开模型…";
        loading_model: fn(&str) -> String = |name| format!("Loading {name}…"), |name| format!("正在加载 {name}…");
        family = "Family", "系列";
        task = "Task", "任务";
        input = "Input", "输入";
        runs_on = "Runs on", "运行于";
        how_do_we_know = "How do we know?", "判断依据";
        how_to_read = "How to read this model", "如何读取此模型";
        old_one_runs: fn(&str) -> String =
            |name| format!("{name} keeps running."),
            |name| format!("{name} 继续运行。");

        // Limits.
        confidence = "Confidence", "置信度";
        confidence_hint =
            "Show only what the model is at least this sure of.  Keys [ and ]",
            "只显示置信度不低于此值的结果。按键 [ 和 ]";
        iou = "Overlap (IoU)", "重叠度（IoU）";
        iou_hint = "Two boxes of a class that overlap more than this count as one.", "同类的两个框重叠超过此值时只保留一个。";
        default_limit = "default", "默认";
        default_limits: fn(&str) -> String =
            |family| format!("Defaults of {family}"),
            |family| format!("恢复 {family} 的默认值");
        default_limits_hint: fn(&str, &str) -> String =
            |conf, iou| format!("Confidence {conf}, overlap {iou}: what this family\u{2019}s own programs use."),
            |conf, iou| format!("置信度 {conf}，重叠度 {iou}：该系列官方程序所用的值。");
        amount = "Amount", "强度";
        amount_hint = "How much of the model's image covers the frame.", "模型输出的图像覆盖画面的程度。";
        own_frame = "Show each result on its own frame", "结果显示在其所属帧上";
        own_frame_hint =
            "Boxes fit exactly, but the preview moves only as fast as the model. Off: the newest frame with the newest boxes.",
            "框与画面完全对应，但画面速度取决于模型。关闭时显示最新画面和最新结果。";

        // Classes.
        search = "Search classes", "搜索类别";
        all = "All", "全选";
        none = "None", "全不选";
        no_class_fits = "No class has this name.", "没有这个名称的类别。";
        found: fn(usize) -> String = |n| format!("{n} found"), |n| format!("共 {n} 个");

        // Figures.
        camera_rate = "Source", "来源";
        preview_rate = "Preview", "画面";
        inference_rate = "Model", "模型";
        per_second: fn(f32) -> String = |v| format!("{v:.1} /s"), |v| format!("{v:.1} 帧/秒");
        decode = "Decode", "解码";
        prepare = "Prepare", "预处理";
        inference = "Inference", "推理";
        output = "Output", "后处理";
        total = "Total", "合计";
        stages = "Stages, ms", "各阶段（毫秒）";
        median_p95 = "median · p95", "中位数 · p95";
        age_shown = "Preview age", "画面延迟";
        age_shown_hint = "From capture to the screen.", "从采集到显示在屏幕上的时间。";
        age_result = "Result age", "结果延迟";
        skipped = "Skipped", "跳过";
        skipped_hint = "Frames that the model skipped because it was busy.", "模型忙碌时未处理的帧。";
        lost = "Lost", "丢失";
        lost_hint = "Frames that the source lost or that could not be decoded.", "来源丢失或无法解码的帧。";

        // Buttons.
        snapshot = "Snapshot", "截图";
        pause = "Pause", "暂停";
        go_on = "Continue", "继续";
        step = "Next frame", "下一帧";
        previous = "Previous image", "上一张";
        next = "Next image", "下一张";
        loop_ = "Start again at the end", "循环播放";
        fast = "As fast as possible", "尽可能快";
        mirror = "Mirror the preview", "镜像画面";
        full_screen = "Full screen", "全屏";
        leave_full_screen = "Leave full screen", "退出全屏";
        side_panel = "Side panel", "侧边栏";
        compare_models = "Compare models", "比较模型";
        settings = "Settings", "设置";
        help = "Help", "帮助";
        close = "Close", "关闭";
        back = "Back to the preview", "返回画面";
        position = "Position", "播放位置";
        dismiss = "Dismiss", "关闭提示";
        copy = "Copy", "复制";
        copied = "Copied", "已复制";
        open = "Open", "打开";
        cancel = "Cancel", "取消";

        // Pages in the preview's place.
        try_again = "Try again", "重试";
        opening_camera = "Opening camera…", "正在打开摄像头…";
        opening_source: fn(&str) -> String =
            |name| format!("Opening {name}…"),
            |name| format!("正在打开 {name}…");
        camera_permission_hint = "The preview appears as soon as the camera sends a frame.", "摄像头传来画面后会立即显示。";
        waiting_for_image = "Waiting for the first frame…", "正在等待第一帧画面…";
        welcome = "What shall we look at?", "想看些什么？";
        welcome_text =
            "Choose a camera, an image, a video or the test pattern. You can also drop a file on the window.",
            "选择摄像头、图片、视频或测试图案，也可以将文件拖入窗口。";
        returns_by_itself = "The preview comes back by itself as soon as possible.", "条件恢复后画面会自动回来。";
        drop_here = "Drop an image, a video, a folder or an ONNX model", "拖入图片、视频、文件夹或 ONNX 模型";
        image_or_video = "Image or video", "图片或视频";
        folder_of_images = "Folder", "文件夹";
        type_a_path = "Path of the file or folder", "文件或文件夹的路径";
        no_dialogue =
            "This system shows no file dialogue. Type the path, or drop the file on the window.",
            "系统没有文件对话框。请输入路径，或将文件拖入窗口。";

        // "How to read this model".
        reading_intro =
            "Sightline works out from the file what a model takes and gives. Here you can correct it; what you choose takes effect at once.",
            "Sightline 会根据文件判断模型的输入和输出。您可以在此更正，更改立即生效。";
        what_the_file_says = "What the file says", "文件内容";
        inputs = "Inputs", "输入";
        outputs = "Outputs", "输出";
        metadata = "Metadata", "元数据";
        nothing = "nothing", "无";
        made_by = "Made by", "导出工具";
        what_you_choose = "How to read it", "读取方式";
        as_found = "As found", "按识别结果";
        not_set = "Choose…", "请选择…";
        layout = "Layout", "数据布局";
        planes = "Planes (NCHW)", "按平面（NCHW）";
        interleaved = "Interleaved (NHWC)", "按像素（NHWC）";
        colour_order = "Colour order", "颜色顺序";
        value_range = "Values", "数值范围";
        imagenet = "ImageNet mean and deviation", "ImageNet 均值与标准差";
        custom = "As in the sidecar", "按配置文件";
        fit = "Fit", "缩放方式";
        letterbox_centred = "Letterbox, centred", "等比缩放，居中填充";
        letterbox_corner = "Letterbox, top left", "等比缩放，左上对齐";
        stretch = "Stretch", "拉伸";
        centre_crop = "Cut out the centre", "裁剪中央";
        labels = "Labels", "类别名称";
        labels_file = "From a file…", "从文件读取…";
        labels_loaded: fn(usize) -> String =
            |n| format!("{n} names from a file"),
            |n| format!("文件中的 {n} 个名称");
        labels_none = "None", "无";
        save_beside = "Save next to the model", "保存到模型旁";
        saved_as: fn(&str) -> String = |name| format!("Saved as {name}"), |name| format!("已保存为 {name}");
        live_preview = "Live preview", "实时画面";
        reading_file = "Reading the file…", "正在读取文件…";
        reading_works = "Sightline can run the model this way.", "可以按此方式运行该模型。";

        // ONNX Runtime.
        no_runtime = "ONNX Runtime is missing", "缺少 ONNX Runtime";
        no_runtime_text =
            "The preview works, but models need ONNX Runtime, a free library that isn't on this computer yet.",
            "画面可以显示，但运行模型需要 ONNX Runtime，这台电脑上还没有这个免费的库。";
        choose_runtime = "Choose the library file…", "选择库文件…";

        // Settings.
        language = "Language", "语言";
        as_the_system = "As the system", "跟随系统";
        appearance = "Appearance", "外观";
        light = "Light", "浅色";
        dark = "Dark", "深色";
        snapshots = "Snapshots", "截图";
        snapshot_folder = "Folder", "文件夹";
        snapshot_folder_default = "Pictures", "图片";
        change = "Change…", "更改…";
        format = "Format", "格式";
        also_clean = "Also save the frame without boxes", "同时保存不带框的画面";
        also_json = "Also save what was found, as JSON", "同时将结果保存为 JSON";
        mirror_note =
            "A mirrored preview is saved as you see it; the frame without boxes is never mirrored.",
            "镜像时，截图与所见一致；不带框的画面始终不镜像。";
        about = "About", "关于";
        settings_file = "Settings file", "设置文件";

        // Messages.
        snapshot_saved = "Snapshot saved", "截图已保存";
        show_folder = "Show folder", "打开文件夹";
        snapshot_failed = "The snapshot wasn't saved", "截图未能保存";
        nothing_to_save = "There is no frame to save yet.", "还没有可以保存的画面。";
        not_done = "That didn't work", "操作未成功";

        // Help.
        keys = "Keys", "快捷键";
        key_mouse_drop = "Drop a file", "拖入文件";
        key_model = "Next, previous model", "下一个、上一个模型";
        key_library = "Models: those here, those to download", "模型库";
        key_confidence = "Confidence down, up", "降低、提高置信度";
        key_camera = "Camera 1 to 9", "摄像头 1 到 9";
        key_open = "Open an image or video", "打开图片或视频";
        key_step = "Back, forward: 5 seconds, or one frame while paused, or one image", "后退、前进：5 秒，暂停时一帧，图片时一张";
        key_help = "This sheet", "本帮助";
        key_quit = "Quit", "退出";
        key_drop = "Open an image, video, folder or model", "打开图片、视频、文件夹或模型";
    }
}
