//! The texts of the page that shows a model's inside. Terms stand in both languages, so that a reader of either finds them again
//! elsewhere.

use crate::app::intent::{InsideTab, MapsOf, WhyMethod};
use crate::learn::inside::maps::Sorting;

strings! {
    /// What a model does inside.
    Inside {
        title = "Inside", "内部";
        look = "Look inside the model", "查看模型内部";
        key = "Inside: what the network computes", "内部：查看网络的计算过程";
        input = "Input", "输入";
        output = "Output", "输出";
        layers = "Layers", "层";
        maps = "Maps", "特征图";
        why = "Why", "依据";
        perturb = "Perturb", "扰动";

        input_about: fn() -> String =
            || "A network gets no picture but a tensor (张量): numbers for each colour channel, resized to a fixed shape and brought to the range that it was trained with. Letterboxing (等比缩放加填充) keeps the picture's proportions, normalisation (归一化) moves and scales its values. Most wrong answers of a converted model come from here.".into(),
            || "网络的输入不是图片，而是张量（tensor）：每个颜色通道一组数，缩放到固定形状，并变换到训练时的数值范围。等比缩放加填充（letterbox）保持画面比例，归一化（normalisation）平移并缩放数值。模型转换后结果出错，多半错在这一步。".into();
        output_about: fn() -> String =
            || "A detector answers with thousands of candidates (候选框), far more than there are objects. A threshold (阈值) drops the unsure ones, then non-maximum suppression (非极大值抑制, NMS) drops each box that overlaps a surer one. A classifier gives one number a class, its logit (对数几率); softmax makes shares of them.".into(),
            || "检测模型给出成千上万个候选框（candidates），远多于实际目标。置信度阈值（threshold）去掉不确定的，非极大值抑制（non-maximum suppression，NMS）再去掉与更可信的框重叠的框。分类器为每一类给出一个数，即 logit（对数几率），再由 softmax 变成占比。".into();
        masks_about: fn() -> String =
            || "This model draws no mask for each object. It makes a few prototypes (原型), maps that all objects share, and gives each object a coefficient (系数) for each of them. The mask is the sigmoid of the sum of coefficient × prototype, cut by the object's box: what is above 0.5 is inside.".into(),
            || "该模型并不逐个目标地画掩码（mask）。它先输出若干张所有目标共用的原型（prototypes），再为每个目标给出对应每张原型的系数（coefficients）。把系数 × 原型相加，经过 sigmoid，再按目标的框裁剪，大于 0.5 的部分就是掩码。".into();
        layers_about: fn() -> String =
            || "A network is a chain of layers (层), each of which computes a new tensor from earlier ones. The receptive field (感受野) is the part of the picture that one value depends on; multiply-adds (乘加运算量, MACs) say how much is computed. The bars are measured on this computer and add up to the whole run.".into(),
            || "网络由一层层（layer）计算组成，每层由前面的张量算出新的张量。感受野（receptive field）是一个数值所依赖的画面范围；乘加运算量（multiply-adds，MACs）表示计算量。时间条在本机实测，合起来就是一次完整运行。".into();
        maps_about: fn() -> String =
            || "Every layer makes a stack of feature maps (特征图), one a channel: bright where the picture has what the channel looks for. Early ones answer to edges and colours, late ones to parts and objects. In transformers, attention (注意力) tells how much each patch looks at each other one.".into(),
            || "每层输出一叠特征图（feature map），每个通道一张：画面中出现该通道所寻找的内容处就亮。浅层对边缘和颜色有反应，深层对部件和物体有反应。在 Transformer 中，注意力（attention）表示每个图块对其他图块的关注程度。".into();
        why_about: fn() -> String =
            || "A class activation map (类激活图, CAM) shows where the evidence for an answer lies; EigenCAM takes the direction in which a layer's activations differ most: it belongs to no single object, and shows where the network looked, not that it was right to. Occlusion (遮挡) is slower and needs no theory: cover a part, run again, and see how far the score falls.".into(),
            || "类激活图（class activation map，CAM）显示某个答案的依据在画面何处；EigenCAM 取某层激活变化最大的方向：它不属于某一个目标，只显示网络看向何处，并不说明它看得对。遮挡法（occlusion）较慢但不依赖理论：遮住一块、再运行一次，看分数下降多少。".into();
        perturb_about: fn() -> String =
            || "Robustness (鲁棒性) is what stays of an answer when the picture gets worse. Move a slider: the picture changes before the model sees it, and the scores beside it tell which harm it can take. Networks often fail at corruptions (图像劣化) that people hardly notice.".into(),
            || "鲁棒性（robustness）指画面变差时答案还剩多少。拖动滑块，画面在模型看到之前就被改变，旁边的分数显示模型能承受哪种劣化（corruption）。人几乎察觉不到的变化，网络往往就会出错。".into();
        paper = "Paper", "论文";
        show_me = "Show me", "演示";
        show_me_hint = "Opens a sample picture and sets this tab up.", "打开示例图片并设置好本页。";
        back_to_source = "Back to your source", "返回原来的来源";
        no_such_class: fn(&str) -> String =
            |typed| format!("No class of this model is called “{typed}”."),
            |typed| format!("该模型没有名为“{typed}”的类别。");
        held = "The picture stands still while you look at its candidates or masks.", "查看候选框或掩码期间，画面保持静止。";
        go_on = "Follow the picture again", "重新跟随画面";
        no_samples: fn(&str) -> String =
            |why| format!("The sample picture can't be written: {why}. Free some space in the data folder."),
            |why| format!("无法写入示例图片：{why}。请为数据文件夹腾出空间。");

        no_model = "No model is running", "没有正在运行的模型";
        no_model_text = "Choose one in the library, then its inside is shown here.", "请在模型库中选择一个，其内部就会显示在这里。";
        choose_model = "Choose a model", "选择模型";
        on_server = "This model runs on a server", "该模型在服务器上运行";
        on_server_text =
            "Only its answers come back, nothing of its inside. Choose a model file on this computer to look into it.",
            "服务器只返回结果，看不到内部。请选择本机上的模型文件。";
        no_thread = "The system has no thread left for this page. Close other programs, then open the page again.", "系统没有可用的线程。请关闭其他程序后重新打开本页。";
        no_picture = "No picture yet", "还没有画面";
        no_picture_text = "Open a camera, a picture or a video; or press Show me.", "请打开摄像头、图片或视频，或按“演示”。";
        hidden_title = "Everything is hidden", "画面已全部隐藏";
        preview = "Preview with results", "带结果的画面";
        hidden = "Privacy hides the whole picture; its inside would show it. Turn privacy off in the settings to look.", "隐私保护隐藏了整个画面，内部也会暴露画面内容。请在设置中关闭隐私保护后查看。";
        reading = "Reading the graph…", "正在读取计算图…";
        measuring = "Measuring the layers…", "正在测量各层…";
        opening = "Opening the model…", "正在打开模型…";
        too_large_to_freeze = "This tensor is too large to be kept.", "该张量过大，无法冻结。";
        again = "Try again", "重试";

        list = "List", "列表";
        diagram = "Diagram", "结构图";
        search = "Search layers", "搜索层";
        all_types = "All types", "全部类型";
        types_hint = "Type of layer", "层类型";
        order_graph = "In graph order", "按计算图顺序";
        order_time = "Slowest first", "最慢的在前";
        order_hint = "Order", "排序";
        name = "Name", "名称";
        kind = "Type", "类型";
        shape = "Output shape", "输出形状";
        parameters = "Params", "参数量";
        macs = "MACs", "乘加";
        macs_hint = "Multiply-adds for one picture", "每张画面的乘加运算量";
        field = "Field", "感受野";
        field_hint = "Receptive field: the part of the picture, in input pixels, that one value depends on", "感受野：一个输出值所依赖的画面范围（输入像素）";
        field_whole = "whole", "整幅";
        time = "Time", "时间";
        precision = "Precision", "精度";
        runs_on = "Runs on", "运行于";
        joined = "joined", "已合并";
        joined_hint = "The runtime has joined it with another layer.", "运行时已将其与其他层合并。";
        nothing_fits = "No layer fits.", "没有匹配的层。";
        totals: fn(usize, &str, &str, (u32, u32)) -> String =
            |n, parameters, macs, (w, h)| format!("{n} layers · {parameters} parameters · {macs} multiply-adds at {w}×{h}"),
            |n, parameters, macs, (w, h)| format!("{n} 层 · {parameters} 参数 · {macs} 乘加（{w}×{h}）");
        shown_of: fn(usize, usize) -> String = |n, all| format!("{n} of {all} layers"), |n, all| format!("{all} 层中的 {n} 层");
        sum_layers = "layers", "各层";
        sum_added = "added by the runtime", "运行时添加";
        sum_between = "between layers", "层间";
        sum_run = "a run", "一次运行";
        sum_plain: fn(&str) -> String = |ms| format!("{ms} without the profiler"), |ms| format!("不带分析器时 {ms}");
        measured_beside = "Measured while the live view runs too: alone, the model is faster.", "测量时实时画面也在运行：单独运行会更快。";
        and_more: fn(usize) -> String = |n| format!("and {n} more"), |n| format!("等另外 {n} 个");
        measure_again = "Measure again", "重新测量";
        show_maps = "Show its maps", "显示其特征图";
        reads = "Reads", "输入自";
        makes = "Makes", "输出";
        zoom_fit = "Whole graph", "整图";
        zoom_one = "Readable size", "可读大小";
        colour_kind = "Colour: type", "颜色：类型";
        colour_time = "Colour: time", "颜色：时间";
        diagram_hint = "Drag to move, scroll to zoom, click a layer, double-click for its maps.", "拖动平移，滚轮缩放，单击选择层，双击显示特征图。";
        diagram_large: fn(usize) -> String =
            |n| format!("{n} layers are too many for a diagram; the list shows them."),
            |n| format!("{n} 层过多，无法画成图，请查看列表。");

        no_maps = "No layer of this model makes maps.", "该模型没有输出特征图的层。";
        close_layer = "Close", "关闭";
        layer_before = "Layer before", "上一层";
        layer_after = "Layer after", "下一层";
        depth = "Depth in the network", "网络深度";
        depth_hint = "Drag to go through the network, from the picture to the answer", "拖动以浏览网络：从画面到答案";
        kernels_short = "Kernels", "卷积核";
        part_before = "Channels before", "前一组通道";
        part_after = "Channels after", "后一组通道";
        channel_before = "Channel before", "上一个通道";
        channel_after = "Channel after", "下一个通道";
        attention = "Attention", "注意力";
        attention_next = "Shows the next layer's attention", "显示下一个注意力层";
        attention_choose = "Choose a head, then point at the picture.", "先选一个注意力头，再指向画面。";
        sort_activation = "By activation", "按激活强度";
        sort_channel = "By number", "按编号";
        sort_again = "Sort again", "重新排序";
        freeze = "Freeze", "冻结";
        freeze_hint = "Keep these maps to compare others with them", "保留当前特征图，以便比较";
        thaw = "Unfreeze", "取消冻结";
        live = "Live", "实时";
        frozen = "Frozen", "冻结";
        difference = "Difference", "差异";
        channels: fn(usize, usize, usize) -> String =
            |from, to, all| format!("{from}–{to} of {all} channels"),
            |from, to, all| format!("{all} 个通道中的第 {from}–{to} 个");
        heads: fn(usize) -> String = |n| format!("{n} attention heads"), |n| format!("{n} 个注意力头");
        channel: fn(usize) -> String = |n| format!("Channel {n}"), |n| format!("通道 {n}");
        head: fn(usize) -> String = |n| format!("Head {n}"), |n| format!("注意力头 {n}");
        back_to_all = "Back to all channels", "返回全部通道";
        stats: fn(&str, &str, &str) -> String =
            |min, mean, max| format!("least {min} · mean {mean} · greatest {max}"),
            |min, mean, max| format!("最小 {min} · 平均 {mean} · 最大 {max}");
        value_at: fn(usize, usize, &str) -> String =
            |x, y, value| format!("column {x}, row {y}: {value}"),
            |x, y, value| format!("第 {x} 列，第 {y} 行：{value}");
        overlay = "Over the picture", "叠加到画面";
        opacity = "Opacity", "不透明度";
        attention_hint = "Point at the picture to lay the attention of that patch over it, or at a row below for that of its token.", "指向画面即叠加该图块的注意力；指向下方某一行，即叠加该行的注意力。";
        raw_overlay = "Click a map at the right: it is enlarged and laid over the picture.", "单击右侧的特征图，即放大并叠加到画面。";
        no_planes: fn(&str) -> String =
            |shape| format!("This tensor ({shape}) isn't a stack of maps; its values are shown row by row."),
            |shape| format!("该张量（{shape}）不是特征图，以下逐行显示其数值。");
        kernels: fn(usize, (usize, usize)) -> String =
            |n, (w, h)| format!("Kernels (卷积核) of the first convolution: {n} of {w}×{h}"),
            |n, (w, h)| format!("第一个卷积层的卷积核（kernels）：{n} 个，{w}×{h}");
        kernels_first: fn(usize) -> String = |n| format!("· the first {n} are shown"), |n| format!("· 显示前 {n} 个");
        kernels_hint = "What the first layer looks for, as colours: grey is 0.", "第一层所寻找的图案，以颜色表示：灰色为 0。";
        tensor_of: fn(&str, &str) -> String =
            |name, shape| format!("Input \"{name}\": {shape}"),
            |name, shape| format!("输入“{name}”：{shape}");
        step_fit = "Resize", "缩放";
        step_colours = "Colour order", "颜色顺序";
        step_values = "Normalise", "归一化";
        step_layout = "Layout", "内存布局";
        letterbox: fn(u8) -> String =
            |pad| format!("letterbox: proportions kept, the rest grey {pad}"),
            |pad| format!("等比缩放加填充：其余部分填灰色 {pad}");
        stretch = "stretched: proportions are lost", "拉伸：不保持比例";
        centre_crop = "shorter side scaled, middle cut out", "按短边缩放，裁剪中央";
        resample_opencv = "bilinear, as OpenCV", "双线性，同 OpenCV";
        resample_bilinear = "bilinear, as Pillow (smooths)", "双线性，同 Pillow（带平滑）";
        resample_bicubic = "bicubic, as Pillow (smooths)", "双三次，同 Pillow（带平滑）";
        order_rgb = "red comes first", "红色在前";
        order_bgr = "blue comes first, as in OpenCV", "蓝色在前，同 OpenCV";
        values_bytes = "bytes 0…255 as they are", "直接使用字节 0…255";
        values_formula = "(byte × scale − mean) ÷ std", "（字节 × scale − mean）÷ std";
        layout_nchw = "one plane a channel", "每个通道一个平面";
        layout_nhwc = "channels side by side", "各通道交错排列";
        fitted = "As the network sees it", "网络看到的画面";
        red = "Red", "红";
        green = "Green", "绿";
        blue = "Blue", "蓝";
        pixel: fn(u32, u32) -> String = |x, y| format!("Pixel {x}, {y}"), |x, y| format!("像素（{x}，{y}）");
        pixel_outside = "This place isn't part of the input: it was cut off.", "此处不在输入范围内：已被裁掉。";
        pixel_hint = "Point at a picture or at the preview.", "将鼠标移到图片或画面上。";
        channel_row = "Channel", "通道";
        bytes_row = "Byte", "字节";
        values_row = "Value", "数值";

        answer = "Answer", "结果";
        raw_tensors = "Raw tensors", "原始张量";
        candidates: fn(usize, usize, f32, usize, f32) -> String =
            |all, passing, conf, kept, iou| format!("{all} candidates ≥ 0.01 → {passing} above the threshold {conf:.2} → {kept} left after suppression at IoU {iou:.2}"),
            |all, passing, conf, kept, iou| format!("≥ 0.01 的候选框 {all} 个 → 高于阈值 {conf:.2} 的 {passing} 个 → IoU {iou:.2} 抑制后剩 {kept} 个");
        no_candidates = "No candidate reaches 0.01 in this picture.", "此画面中没有分数达到 0.01 的候选框。";
        candidates_listed: fn(usize) -> String =
            |n| format!("The list shows the {n} surest."),
            |n| format!("列表显示分数最高的 {n} 个。");
        score_maps = "Best score a cell", "各格子的最高分数";
        level_hint: fn(u32, usize, usize) -> String =
            |stride, w, h| format!("{w}×{h} cells of {stride}×{stride} pixels"),
            |stride, w, h| format!("{w}×{h} 个格子，每个 {stride}×{stride} 像素");
        best_score: fn(&str) -> String = |score| format!("greatest {score}"), |score| format!("最高 {score}");
        any_class = "Any class", "任意类别";
        class = "Class", "类别";
        suppression = "Non-maximum suppression, step by step", "非极大值抑制，逐步显示";
        step_before = "One step back", "后退一步";
        step_after = "One step on", "前进一步";
        below: fn(f32) -> String = |conf| format!("below {conf:.2}"), |conf| format!("低于 {conf:.2}");
        not_yet = "waits", "等待";
        kept = "kept", "保留";
        suppressed: fn(usize, f32) -> String =
            |by, iou| format!("suppressed by {by}, IoU {iou:.2}"),
            |by, iou| format!("被第 {by} 个抑制，IoU {iou:.2}");
        left_out = "left out", "舍弃";
        queries: fn(usize, usize, f32) -> String =
            |all, above, conf| format!("{all} answers ≥ 0.01, {above} above the threshold {conf:.2}. An answer is a query (查询) with one of its classes. Nothing is left to suppress: each query answers for one object, or the network suppresses by itself."),
            |all, above, conf| format!("≥ 0.01 的结果 {all} 个，高于阈值 {conf:.2} 的 {above} 个。一个结果是一个查询加上它的一个类别。无需再抑制：每个查询（query）对应一个目标，或由网络自行抑制。");
        logits = "The likeliest classes, with their logits", "最可能的类别及其 logit（对数几率）";
        logit = "logit", "logit 值";
        temperature: fn(f32) -> String =
            |t| format!("Temperature (温度) {t:.2}"),
            |t| format!("温度（temperature）{t:.2}");
        temperature_name = "Temperature", "温度";
        temperature_hint =
            "The softmax divides all logits by it: above 1 the shares come closer to each other, below 1 the best class takes all.",
            "softmax 先将所有 logit 除以温度：大于 1 时各类占比更接近，小于 1 时最高类别独占。";
        reset = "Reset", "重置";

        masks = "Masks", "掩码";
        mask_object = "Object", "目标";
        mask_click = "or click its box in the picture at the left", "或单击左侧画面中的框";
        mask_terms = "Terms of the sum", "求和的项数";
        mask_fewer = "One prototype fewer", "减少一个原型";
        mask_more = "One prototype more", "增加一个原型";
        mask_first: fn(usize, usize) -> String =
            |used, all| format!("first {used} of {all} prototypes"),
            |used, all| format!("前 {used} 个原型，共 {all} 个");
        mask_sum = "Sum of coefficient × prototype", "系数 × 原型之和";
        mask_sigmoid = "Its sigmoid", "经过 sigmoid";
        mask_cut = "Above 0.5 within the box", "框内大于 0.5 的部分";
        mask_pixels: fn(&str) -> String = |n| format!("{n} pixels"), |n| format!("{n} 像素");
        coefficients: fn(usize) -> String =
            |n| format!("{n} coefficients (系数)"),
            |n| format!("{n} 个系数（coefficients）");
        coefficients_sorted =
            "Sorted by the figure at the right, the mean of |coefficient × prototype| within the box: by so much the term changes the sum.",
            "按右侧数字排序：框内 |系数 × 原型| 的平均值，即该项使和改变的多少。";
        term_hint: fn(usize, &str, &str) -> String =
            |n, coefficient, change| format!("Prototype {n}: coefficient {coefficient}, changes the sum by {change}"),
            |n, coefficient, change| format!("原型 {n}：系数 {coefficient}，使和改变 {change}");
        prototypes: fn(usize, (usize, usize)) -> String =
            |n, (w, h)| format!("{n} prototypes (原型) of {w}×{h}"),
            |n, (w, h)| format!("{n} 个原型（prototypes），{w}×{h}");
        prototypes_colours: fn(&str) -> String =
            |most| format!("In the same order, all on one scale: blue to -{most}, black 0, orange to +{most}."),
            |most| format!("顺序相同，共用一个刻度：蓝色到 -{most}，黑色为 0，橙色到 +{most}。");
        prototypes_first: fn(usize) -> String = |n| format!("The first {n} are shown."), |n| format!("显示前 {n} 个。");
        prototypes_many: fn(usize, (usize, usize)) -> String =
            |n, (w, h)| format!("{n} prototypes of {w}×{h} are too many to be shown here."),
            |n, (w, h)| format!("{n} 个 {w}×{h} 的原型太多，无法在此显示。");
        no_masked_object = "No object is found in this picture, so there is no mask.", "此画面中没有检出目标，因此没有掩码。";
        no_prototypes = "The masks of this model aren't sums of prototypes.", "该模型的掩码不是由原型相加而成。";

        activation_map = "Activation map", "激活图";
        occlusion = "Occlusion", "遮挡";
        surest = "The surest answer", "最确定的结果";
        chosen_box = "The chosen box", "所选的框";
        target = "What is explained", "解释对象";
        class_search = "Class name", "类别名称";
        explain_again = "Explain again", "重新解释";
        explain_again_hint = "Explains the newest frame", "解释最新的画面";
        click_box = "Click a box in the picture at the left to explain that object.", "单击左侧画面中的框，即可解释该目标。";
        explaining = "Explaining…", "正在解释…";
        no_box = "No box was found there. Click inside a box of the picture.", "该处没有框。请单击画面中的框内。";
        no_object = "Nothing that could be explained is found in this picture.", "此画面中没有可以解释的检出结果。";
        no_layer = "The model has no layer whose values lie over the picture. Choose Occlusion.", "该模型没有与画面对应的层。请选择“遮挡”。";
        method_cam = "CAM, exact", "CAM（精确）";
        method_eigen = "EigenCAM", "EigenCAM（主方向）";
        method_occlusion = "Occlusion", "遮挡";
        whole_answer = "Everything that was found", "全部结果";
        score_of: fn(&str) -> String = |score| format!("score {score}"), |score| format!("分数 {score}");
        logit_of: fn(&str) -> String = |logit| format!("logit {logit}"), |logit| format!("logit {logit}");
        greatest_loss: fn(&str) -> String = |loss| format!("· greatest loss {loss}"), |loss| format!("· 最大下降 {loss}");
        squares: fn(usize, usize) -> String =
            |done, left| format!("{done} squares hidden, {left} left of this size"),
            |done, left| format!("已遮 {done} 块，本级剩 {left} 块");
        of_layer: fn(&str) -> String = |layer| format!("from the activations of {layer}"), |layer| format!("取自 {layer} 的激活值");
        little = "little", "弱";
        much = "much", "强";

        change_picture = "Change the picture", "改变画面";
        blur = "Blur", "模糊";
        brightness = "Brightness", "亮度";
        noise = "Noise", "噪声";
        rotation = "Rotation", "旋转";
        crop = "Crop", "裁剪";
        grey = "Without colour", "去色";
        jpeg = "JPEG losses", "JPEG 压缩损失";
        jpeg_quality = "JPEG quality", "JPEG 质量";
        compare_two = "Compare models…", "比较模型…";
        compare_two_hint = "Two models side by side under the same change", "在相同的改变下并排比较两个模型";
        scores_now = "What the model says now", "模型现在的结果";
        nothing_found = "Nothing is found.", "未检出任何内容。";
        no_scores = "This model answers with a picture: compare it with the one before the change.", "该模型输出图片：请与改变前的结果比较。";
        mark_is_before = "The mark and the figure in brackets: the unchanged picture.", "竖线和括号中的数字表示未改变的画面。";
        against_title = "Two forms of one model", "同一模型的两种形式";
        against_text =
            "Compares all tensors that both have, on this picture: where an int8 copy departs from the original, say. Decibels: the signal over the difference.",
            "在当前画面上比较两者共有的全部张量，例如 int8 版本在哪里偏离原模型。单位为分贝：信号与差异之比。";
        against_choose = "Choose the other form", "选择另一种形式";
        against_none = "No other model of this task is on this computer.", "本机没有同类任务的其他模型。";
        against_again = "Compare again", "重新比较";
        against_earlier = "This is of an earlier picture.", "以下是较早画面的结果。";
        diverges_at: fn(usize, &str, &str, &str) -> String =
            |n, other, layer, kind| format!("{n} tensors in common with {other}; they come apart most at {layer} ({kind})."),
            |n, other, layer, kind| format!("与 {other} 共有 {n} 个张量；在 {layer}（{kind}）处差异增加最多。");
        doubtful: fn(usize, usize) -> String =
            |n, all| format!("Only {n} of {all} layers have a counterpart of the same name and shape: these are hardly two forms of one model."),
            |n, all| format!("{all} 个层中只有 {n} 个有名称和形状相同的对应层：它们很可能不是同一模型的两种形式。");
        no_divergence: fn(usize, &str) -> String =
            |n, other| format!("{n} tensors in common with {other}; nowhere do they come apart."),
            |n, other| format!("与 {other} 共有 {n} 个张量；没有明显差异。");
        identical = "identical", "相同";
        divergence_hint: fn(f32, &str) -> String =
            |cosine, greatest| format!("cosine {cosine:.4}, greatest difference {greatest}"),
            |cosine, greatest| format!("余弦 {cosine:.4}，最大差异 {greatest}");
        perturbed = "The picture is changed · Reset", "画面已被改变 · 重置";
        run_took: fn(&str) -> String = |ms| format!("{ms} a run"), |ms| format!("每次运行 {ms}");
    }
}

/// The name of a tab.
#[must_use]
pub fn tab_name(w: &Inside, tab: InsideTab) -> &'static str {
    match tab {
        InsideTab::Input => w.input,
        InsideTab::Output => w.output,
        InsideTab::Layers => w.layers,
        InsideTab::Maps => w.maps,
        InsideTab::Why => w.why,
        InsideTab::Perturb => w.perturb,
    }
}

/// What a tab is about, in two or three sentences.
#[must_use]
pub fn tab_about(w: &Inside, tab: InsideTab) -> String {
    match tab {
        InsideTab::Input => (w.input_about)(),
        InsideTab::Output => (w.output_about)(),
        InsideTab::Layers => (w.layers_about)(),
        InsideTab::Maps => (w.maps_about)(),
        InsideTab::Why => (w.why_about)(),
        InsideTab::Perturb => (w.perturb_about)(),
    }
}

/// The paper that a tab's idea is from: its name and its address.
#[must_use]
pub fn tab_paper(tab: InsideTab) -> (&'static str, &'static str) {
    match tab {
        InsideTab::Input => {
            ("LeCun et al. 1998, Efficient BackProp", "http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf")
        }
        InsideTab::Output => ("Redmon et al. 2016, YOLO", "https://arxiv.org/abs/1506.02640"),
        InsideTab::Layers => {
            ("Araujo et al. 2019, Receptive Fields", "https://distill.pub/2019/computing-receptive-fields/")
        }
        InsideTab::Maps => ("Zeiler & Fergus 2014, Visualizing Networks", "https://arxiv.org/abs/1311.2901"),
        InsideTab::Why => ("Zhou et al. 2016, CAM", "https://arxiv.org/abs/1512.04150"),
        InsideTab::Perturb => {
            ("Hendrycks & Dietterich 2019, Corruptions", "https://arxiv.org/abs/1903.12261")
        }
    }
}

/// The paper that masks as sums of prototypes are from.
pub const MASKS_PAPER: (&str, &str) = ("Bolya et al. 2019, YOLACT", "https://arxiv.org/abs/1904.02689");

/// The name of an order of channels.
#[must_use]
pub fn sorting_name(w: &Inside, sorting: Sorting) -> &'static str {
    match sorting {
        Sorting::Activation => w.sort_activation,
        Sorting::Channel => w.sort_channel,
    }
}

/// The name of what maps are of.
#[must_use]
pub fn maps_name(w: &Inside, maps: MapsOf) -> &'static str {
    match maps {
        MapsOf::Live => w.live,
        MapsOf::Frozen => w.frozen,
        MapsOf::Difference => w.difference,
    }
}

/// The name of a way to explain results.
#[must_use]
pub fn method_name(w: &Inside, method: WhyMethod) -> &'static str {
    match method {
        WhyMethod::Activation => w.activation_map,
        WhyMethod::Occlusion => w.occlusion,
    }
}
