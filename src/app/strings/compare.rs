//! The texts of the comparison.

strings! {
    /// The comparison of models.
    Compare {
        /// The accessible name of a compared model's menu, given its letter.
        choose: fn(&str) -> String = |letter| format!("Model {letter}"), |letter| format!("模型 {letter}");
        add = "Add a model", "添加模型";
        without: fn(&str) -> String =
            |letter| format!("Remove model {letter}"),
            |letter| format!("移除模型 {letter}");
        split = "Split view", "同一画面左右对比";
        tiles = "Side by side", "并排显示";
        leave = "Stop comparing", "结束比较";
        divider = "Divider", "分隔线";
        rates_hint: fn(&str) -> String =
            |rate| { format!( "Median time per frame, and the frame rate of this model running alone. The compared models take turns on the same frames, now at {rate}." ) },
            |rate| { format!("每帧耗时的中位数，以及单独运行时的帧率。各模型依次处理相同的帧，目前为 {rate}。") };
        agreement_hint =
            "How far the two models agree on this frame: boxes of the same class with an IoU of at least 0.5 count as the same object. Neither model is taken as the ground truth.",
            "两个模型在这一帧上的一致程度：类别相同且 IoU 不低于 0.5 的框视为同一目标。不以任何一方为准。";
        needs_two = "Two models are needed to compare", "比较需要两个模型";
        needs_two_text: fn(usize) -> String =
            |n| if n == 0 {
                "There is no model on this computer yet. Download two, or drag ONNX files into the window.".into()
            } else {
                "There is only one model on this computer. Download another, or drag an ONNX file into the window.".into()
            },
            |n| if n == 0 {
                "本机还没有模型。请下载两个，或将 ONNX 文件拖入窗口。".into()
            } else {
                "本机只有一个模型。请下载另一个，或将 ONNX 文件拖入窗口。".into()
            };
        other_tasks: fn(&str, &str) -> String =
            |a, b| format!("Different tasks ({a}, {b}): only speed is compared"),
            |a, b| format!("任务不同（{a}、{b}）：只比较速度");
        other_tasks_hint =
            "Results can be compared between models that find boxes (detection, segmentation, pose, oriented boxes), between classifiers, and between two models of depth, of semantic segmentation or of matting. Choose such a pair to see how far they agree.",
            "可以比较结果的是：两个输出框的模型（检测、实例分割、姿态、旋转框）、两个分类模型，或同为深度、语义分割、抠图的两个模型。选择这样的一对模型即可看到一致程度。";
        no_measure: fn(&str) -> String =
            |task| format!("{task}: no measure of agreement, compare the pictures and the speed"),
            |task| format!("{task}：没有一致程度的指标，请比较画面与速度");
        get_another = "Open model library", "打开模型库";
        add_second = "Choose a second model below.", "请在下方选择第二个模型。";
    }
}
