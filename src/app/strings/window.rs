//! The texts of the window.

strings! {
    /// The side panel, the bar, the pages in the preview's place, the settings and the messages.
    Window {
        // Parts of the side panel.
        source = "Source", "来源";
        model = "Model", "模型";
        detection = "Detection", "检测";
        result = "Result", "结果";
        classes = "Classes", "类别";
        figures = "Performance", "性能";

        // Source.
        choose_source = "Choose a source", "选择来源";
        cameras = "Cameras", "摄像头";
        looking_for_cameras = "Looking for cameras…", "正在查找摄像头…";
        no_cameras = "No camera found", "未找到摄像头";
        open_file = "Open image or video…", "打开图片或视频…";
        open_folder = "Open folder of images…", "打开图片文件夹…";
        open_network = "Open network address…", "打开网络地址…";
        test_pattern = "Test pattern", "测试图案";
        recent = "Recent", "最近使用";
        camera = "Camera", "摄像头";
        any_camera = "Camera", "摄像头";
        camera_settings = "Camera settings", "摄像头设置";
        mode = "Resolution and frame rate", "分辨率与帧率";
        automatic = "Automatic", "自动";
        reset = "Reset", "恢复默认";
        no_controls = "This camera has no adjustable settings.", "此摄像头没有可调节的设置。";
        live = "Live", "实时";
        paused = "Paused", "已暂停";
        ended = "Ended", "已结束";
        opening = "Opening…", "正在打开…";
        no_source = "No source", "无来源";
        failed = "Unavailable", "不可用";

        // Model.
        choose_model = "Choose a model", "选择模型";
        no_model = "No model", "不使用模型";
        adapter = "Adapter", "适配器";
        no_adapter = "None", "无";
        /// What a style is applied to.
        covers = "Apply to", "应用到";
        whole_image = "Whole frame", "整幅画面";
        person_only: fn(&str) -> String =
            |matte| format!("Person only · {matte}"),
            |matte| format!("仅人物 · {matte}");
        no_matting_model =
            "To apply the style to the person only, add a matting model (selfie segmentation or MODNet) to the models folder.",
            "如需仅应用到人物，请在模型文件夹中添加抠图模型（selfie segmentation 或 MODNet）。";
        skeletons_from = "Pose model", "姿态模型";
        /// Frames and joints that a model of actions reads.
        skeletons: fn(u32, u32) -> String =
            |frames, joints| format!("{frames} frames × {joints} joints"),
            |frames, joints| format!("{frames} 帧 × {joints} 个关节点");
        get_models = "Get models…", "获取模型…";
        no_models_found =
            "No models yet. Open an ONNX file, or drag one into the window.",
            "还没有模型。请打开 ONNX 文件，或将其拖入窗口。";
        open_model = "Open model…", "打开模型…";
        loading_model: fn(&str) -> String = |name| format!("Loading {name}…"), |name| format!("正在加载 {name}…");
        family = "Family", "系列";
        task = "Task", "任务";
        input = "Input", "输入";
        runs_on = "Runs on", "运行于";
        how_do_we_know = "Why this type?", "识别依据";
        /// How sure the identification is, in percent.
        certainty: fn(f32) -> String =
            |percent| format!("{percent:.0}% certain"),
            |percent| format!("可信度 {percent:.0}%");
        how_to_read = "Configure model", "配置模型";
        old_one_runs: fn(&str) -> String =
            |name| format!("{name} is still running."),
            |name| format!("{name} 仍在运行。");

        // Limits.
        confidence = "Confidence threshold", "置信度阈值";
        confidence_hint = "Hides results with a lower confidence.  Keys [ and ]", "隐藏置信度更低的结果。快捷键 [ 和 ]";
        iou = "IoU threshold", "IoU 阈值";
        iou_hint =
            "Where two boxes of the same class overlap by more than this, only the more confident one is kept (non-maximum suppression).  Keys { and }",
            "同类的两个框重叠超过此值时，只保留置信度较高的一个（非极大值抑制）。快捷键 { 和 }";
        default_limit = "default", "默认";
        default_limits: fn(&str) -> String =
            |family| format!("Defaults of {family}"),
            |family| format!("恢复 {family} 的默认值");
        default_limits_hint: fn(&str, &str) -> String =
            |conf, iou| format!("Confidence {conf}, IoU {iou}: what this family\u{2019}s own programs use."),
            |conf, iou| format!("置信度 {conf}，IoU {iou}：该系列官方程序所用的值。");
        amount = "Opacity", "不透明度";
        amount_hint = "Opacity of the model's image over the frame.", "模型输出的图像叠加在画面上的不透明度。";
        follow = "Follow objects between results", "在结果之间跟随目标";
        follow_hint =
            "On: when the model is slower than the camera, boxes move with their objects until the next result. Off: each box stays where the model saw its object.",
            "开启：当模型慢于摄像头时，框会随目标移动，直到下一个结果。关闭：框停留在模型看到目标的位置。";
        own_frame = "Sync picture to results", "画面与结果同步";
        own_frame_hint =
            "On: each result is drawn on the frame it was computed from. Boxes fit exactly, but the picture is delayed and updates only as often as the model. Off: the newest frame with the newest result.",
            "开启：结果绘制在其对应的帧上，框与画面完全吻合，但画面会延迟，且刷新率不高于模型。关闭：显示最新的帧和最新的结果。";

        // Classes.
        search = "Search classes", "搜索类别";
        all = "All", "全选";
        none = "None", "全不选";
        show_all_classes: fn(usize) -> String = |n| format!("Show all {n}"), |n| format!("显示全部 {n} 个");
        show_fewer_classes = "Show fewer", "收起";
        no_class_fits = "No matching class.", "没有匹配的类别。";
        found: fn(usize) -> String = |n| format!("{n} found"), |n| format!("检出 {n} 个");

        // Figures.
        camera_rate = "Source", "来源";
        preview_rate = "Preview", "画面";
        inference_rate = "Model", "模型";
        per_second: fn(f32) -> String = |v| format!("{v:.1} fps"), |v| format!("{v:.1} fps");
        decode = "Decode", "解码";
        prepare = "Preprocessing", "预处理";
        inference = "Inference", "推理";
        output = "Postprocessing", "后处理";
        total = "Total", "合计";
        stages = "Stage times (ms)", "各阶段耗时（ms）";
        single_run = "This image, one run", "本图单次运行";
        single_run_hint =
            "Times of the one run on this image, in ms. The first run of a model is slower than later ones; the time in the model library is the median of several runs after a warm-up.",
            "模型在这张图片上单次运行的耗时（ms）。首次运行比之后慢；模型库中的耗时是预热后多次运行的中位数。";
        median_p95 = "median · p95", "中位数 · p95";
        age_shown = "Preview latency", "画面延迟";
        age_shown_hint = "Time from capture until it is on screen.", "从采集到显示在屏幕上的时间。";
        age_result = "Result latency", "结果延迟";
        skipped = "Skipped frames", "跳过的帧";
        skipped_hint = "Frames that the model did not process because it was busy.", "模型忙碌时未处理的帧。";
        lost = "Dropped frames", "丢弃的帧";
        lost_hint = "Frames that the source dropped or that could not be decoded.", "来源丢弃或无法解码的帧。";

        // Buttons.
        snapshot = "Snapshot", "截图";
        pause = "Pause", "暂停";
        go_on = "Play", "播放";
        step_back = "Previous frame", "上一帧";
        playback_speed = "Playback speed", "播放速度";
        step = "Next frame", "下一帧";
        previous = "Previous image", "上一张";
        next = "Next image", "下一张";
        loop_ = "Loop", "循环播放";
        fast = "Play at maximum speed", "以最快速度播放";
        mirror = "Mirror preview", "镜像画面";
        full_screen = "Full screen", "全屏";
        leave_full_screen = "Exit full screen", "退出全屏";
        side_panel = "Side panel", "侧边栏";
        compare_models = "Compare models", "比较模型";
        settings = "Settings", "设置";
        help = "Help", "帮助";
        close = "Close", "关闭";
        back = "Back to preview", "返回画面";
        position = "Position", "播放位置";
        dismiss = "Dismiss", "关闭";
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
        change_address = "Change address…", "更改地址…";
        /// A name and its value.
        pair: fn(&str, &str) -> String = |name, value| format!("{name}: {value}"), |name, value| format!("{name}：{value}");
        started_safely = "Started without the last source and model", "未打开上次的来源和模型";
        started_safely_text =
            "Sightline ended unexpectedly just after its last start, so it opened nothing this time. If it ends again with them, choose others.",
            "Sightline 上次启动后不久意外退出，因此这次没有打开任何内容。若再次打开后仍然退出，请选择其他来源或模型。";
        open_remembered = "Open them anyway", "仍然打开";
        not_opened: fn(&str) -> String =
            |name| format!("{name} was not opened again"),
            |name| format!("没有再次打开 {name}");
        welcome = "Open a source", "打开来源";
        welcome_text =
            "Choose a camera, an image, a video or the test pattern, or drag a file into the window.",
            "选择摄像头、图片、视频或测试图案，或将文件拖入窗口。";
        returns_by_itself = "The preview resumes automatically.", "画面会自动恢复。";
        drop_here = "Drop an image, video, folder or ONNX model here", "将图片、视频、文件夹或 ONNX 模型拖放到这里";
        image_or_video = "Image or video", "图片或视频";
        folder_of_images = "Folder", "文件夹";
        type_a_path = "Path of the file or folder", "文件或文件夹的路径";
        no_dialogue =
            "No file chooser is available. Enter the path, or drag the file into the window.",
            "没有可用的文件选择对话框。请输入路径，或将文件拖入窗口。";

        network_address = "Network address", "网络地址";
        network_address_text =
            "The address of a network camera or stream: rtsp://, rtmp://, http:// or https://",
            "网络摄像头或视频流的地址：rtsp://、rtmp://、http:// 或 https://";
        network_address_wrong =
            "This isn't a network address. It begins with rtsp://, rtmp://, http:// or https://",
            "这不是网络地址。网络地址以 rtsp://、rtmp://、http:// 或 https:// 开头。";

        // "Configure model".
        reading_intro =
            "Sightline detects from the file which input a model takes and what it returns. Correct it here if needed; changes apply at once.",
            "Sightline 会根据文件自动识别模型的输入和输出。如有需要，请在此更正，更改立即生效。";
        what_the_file_says = "Model file", "模型文件";
        inputs = "Inputs", "输入";
        outputs = "Outputs", "输出";
        metadata = "Metadata", "元数据";
        nothing = "none", "无";
        made_by = "Exported by", "导出工具";
        what_you_choose = "Input and output", "输入与输出";
        as_found = "Automatic", "自动";
        not_set = "Choose…", "请选择…";
        layout = "Tensor layout", "张量布局";
        planes = "NCHW (planar)", "NCHW（平面）";
        interleaved = "NHWC (interleaved)", "NHWC（交错）";
        colour_order = "Colour order", "颜色顺序";
        value_range = "Value range", "数值范围";
        imagenet = "ImageNet normalisation", "ImageNet 归一化";
        custom = "Custom", "自定义";
        fit = "Resizing", "缩放方式";
        letterbox_centred = "Letterbox, centred", "等比缩放，居中填充";
        letterbox_corner = "Letterbox, top left", "等比缩放，左上对齐";
        stretch = "Stretch", "拉伸";
        centre_crop = "Centre crop", "中心裁剪";
        labels = "Class names", "类别名称";
        labels_file = "From file…", "从文件读取…";
        labels_loaded: fn(usize) -> String =
            |n| format!("{n} names from file"),
            |n| format!("文件中的 {n} 个名称");
        labels_none = "None", "无";
        save_beside = "Save next to model", "保存到模型旁";
        saved_as: fn(&str) -> String = |name| format!("Saved as {name}"), |name| format!("已保存为 {name}");
        not_saved: fn(&str) -> String = |why| format!("Not saved: {why}"), |why| format!("未保存：{why}");
        another_runs: fn(&str) -> String =
            |name| format!("Without results: {name} is running now."),
            |name| format!("未显示结果：当前运行的是 {name}。");
        nothing_runs = "Without results: this model isn't running.", "未显示结果：此模型未在运行。";
        live_preview = "Live preview", "实时画面";
        reading_file = "Reading the file…", "正在读取文件…";
        reading_works = "The model runs with these settings.", "模型可以按此设置运行。";

        // ONNX Runtime.
        no_runtime = "ONNX Runtime not found", "未找到 ONNX Runtime";
        no_runtime_text =
            "The preview works, but running models requires ONNX Runtime, a free library that is not installed yet.",
            "画面可以显示，但运行模型需要 ONNX Runtime（免费的程序库），目前尚未安装。";
        choose_runtime = "Choose library file…", "选择库文件…";

        // Settings.
        language = "Language", "语言";
        as_the_system = "System default", "跟随系统";
        appearance = "Appearance", "外观";
        light = "Light", "浅色";
        dark = "Dark", "深色";
        overlay = "Boxes and labels", "框与标签";
        label_size = "Label size", "标签大小";
        line_size = "Line width", "线条粗细";
        overlay_hint = "100% fits the size of the picture.", "100% 时与画面大小相适应。";
        snapshots = "Snapshots", "截图";
        snapshot_folder = "Folder", "文件夹";
        change = "Change…", "更改…";
        format = "Format", "格式";
        also_clean = "Also save the original frame", "同时保存原始画面";
        also_objects = "Also save each object as an image", "同时将每个目标另存为图片";
        also_json = "Also save the results as JSON", "同时将结果保存为 JSON";
        mirror_note =
            "With a mirrored preview, snapshots are mirrored too; the original frame never is.",
            "镜像显示时截图也是镜像的；原始画面始终不镜像。";
        downloads = "Downloads", "下载";
        hub_mirror = "Hugging Face mirror", "Hugging Face 镜像";
        hub_mirror_hint =
            "Models are downloaded from here instead of huggingface.co. In China, https://hf-mirror.com is what most people use.",
            "从此处而不是 huggingface.co 下载模型。在国内，大多数人使用 https://hf-mirror.com。";
        hub_mirror_wrong =
            "This isn't the address of a mirror; one looks like https://hf-mirror.com.",
            "这不是镜像地址；格式如 https://hf-mirror.com。";
        hub_variable: fn(&str) -> String =
            |address| format!("The variable HF_ENDPOINT is set to {address} and goes before this."),
            |address| format!("环境变量 HF_ENDPOINT 已设为 {address}，优先于此设置。");
        about = "About", "关于";
        settings_file = "Settings file", "设置文件";

        // Messages.
        snapshot_saved = "Snapshot saved", "截图已保存";
        show_folder = "Show folder", "打开文件夹";
        no_file_manager: fn(&str) -> String =
            |folder| format!("No file manager was found. The folder is {folder}"),
            |folder| format!("未找到文件管理器。文件夹位置：{folder}");
        snapshot_failed = "Snapshot not saved", "截图未保存";
        nothing_to_save = "There is no frame to save yet.", "还没有可以保存的画面。";
        not_done = "Something went wrong", "操作失败";

        // Help.
        keys = "Keyboard shortcuts", "键盘快捷键";
        key_mouse_drop = "Drag a file into the window", "将文件拖入窗口";
        key_model = "Next or previous model", "下一个或上一个模型";
        key_library = "Model library", "模型库";
        key_confidence = "Lower or raise the confidence threshold", "降低或提高置信度阈值";
        key_iou = "Lower or raise the IoU threshold", "降低或提高 IoU 阈值";
        key_camera = "Open camera 1 to 9", "打开摄像头 1 到 9";
        key_open = "Open an image or video", "打开图片或视频";
        key_step = "Skip back or forward: 5 s, one frame if paused, or one image", "后退或前进 5 秒；暂停时逐帧；在文件夹中切换图片";
        key_help = "Keyboard shortcuts", "键盘快捷键";
        key_quit = "Quit", "退出";
        key_drop = "opens an image, video, folder or model", "打开图片、视频、文件夹或模型";
    }
}
