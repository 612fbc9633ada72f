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
        split = "Both on one preview", "同一画面左右对比";
        tiles = "A preview each", "各用一个画面";
        leave = "Stop comparing", "结束比较";
        divider = "Divider", "分隔线";
        rates_hint: fn(&str) -> String =
            |rate| { format!( "Median time of a frame, and how many frames a second that makes when the model runs alone. Now the models look at the same frames one after the other, {rate}." ) },
            |rate| { format!("每帧耗时的中位数，以及单独运行时每秒可处理的帧数。现在各模型依次处理相同的帧，{rate}。") };
        agreement_hint =
            "How far both agree on this frame: boxes of one class that overlap by half or more count as the same object. Neither model counts as the truth.",
            "两个模型对这一帧的结果有多一致：类别相同且重叠过半的框视为同一目标。不以任何一方为准。";
        needs_two = "Comparing needs two models", "比较需要两个模型";
        needs_two_text =
            "Only one model is on this computer. Download another, or drop an ONNX file on the window.",
            "本机只有一个模型。请下载另一个，或把 ONNX 文件拖到窗口中。";
        get_another = "See the models", "查看模型";
        add_second = "Choose a second model below.", "请在下方选择第二个模型。";
    }
}
