//! The words of the comparison.

use crate::model::labels::Language;

/// The words of one language.
#[derive(Debug)]
pub struct Words {
    /// The accessible name of a lane's menu, given its letter.
    pub choose: fn(&str) -> String,
    pub add: &'static str,
    pub without: fn(&str) -> String,
    pub split: &'static str,
    pub tiles: &'static str,
    pub leave: &'static str,
    pub divider: &'static str,
    pub rates_hint: fn(&str) -> String,
    pub agreement_hint: &'static str,
    pub needs_two: &'static str,
    pub needs_two_text: &'static str,
    pub get_another: &'static str,
    pub add_second: &'static str,
}

impl Words {
    /// Those of a language.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }
}

static ENGLISH: Words = Words {
    choose: |letter| format!("Model {letter}"),
    add: "Add a model",
    without: |letter| format!("Remove model {letter}"),
    split: "Both on one image",
    tiles: "An image each",
    leave: "Stop comparing",
    divider: "Divider",
    rates_hint: |rate| {
        format!(
            "Median time of a frame, and how many frames a second that makes when the model runs alone. Now the models look at the same frames one after the other, {rate}."
        )
    },
    agreement_hint: "How far both say the same of this frame: boxes of one class that overlap by half or more are taken for the same thing. Neither is taken for right.",
    needs_two: "Comparing needs two models",
    needs_two_text: "Only one model is on this computer. Download another, or drop an ONNX file on the window.",
    get_another: "See the models",
    add_second: "Choose a second model below.",
};

static CHINESE: Words = Words {
    choose: |letter| format!("模型 {letter}"),
    add: "添加模型",
    without: |letter| format!("移除模型 {letter}"),
    split: "同一画面左右对比",
    tiles: "各用一个画面",
    leave: "结束比较",
    divider: "分隔线",
    rates_hint: |rate| {
        format!("每帧耗时的中位数，以及单独运行时每秒可处理的帧数。现在各模型依次处理相同的帧，{rate}。")
    },
    agreement_hint: "两个模型对这一帧的结果有多一致：类别相同且重叠过半的框视为同一目标。不以任何一方为准。",
    needs_two: "比较需要两个模型",
    needs_two_text: "本机只有一个模型。请下载另一个，或把 ONNX 文件拖到窗口中。",
    get_another: "查看模型",
    add_second: "请在下方选择第二个模型。",
};
