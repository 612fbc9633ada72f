//! The texts of the lines that say what runs a model, and how results are made.

use super::language::pick;
use crate::engine::{PaceFigures, ResultPace};
use crate::model::labels::Language;
use crate::model::runtime::Provider;

strings! {
    /// Execution providers, input size and threads.
    Speed {
        provider = "Execution provider", "执行提供程序";
        /// An execution provider was asked for and failed: which, why.
        fell_back: fn(&str) -> String =
            |why| format!("The CPU runs it: {why}."),
            |why| format!("由 CPU 运行：{why}。");
        /// A provider's share: its name, its nodes, percent of the time.
        share: fn(&str, usize, f32) -> String =
            |provider, nodes, part| {
                let plural = if nodes == 1 { "" } else { "s" };
                format!("{provider}: {nodes} node{plural}, {part:.0} % of the time")
            },
            |provider, nodes, part| format!("{provider}：{nodes} 个节点，占用时 {part:.0} %");
        looking = "Finding out which provider runs what…", "正在查看各部分由谁运行…";
        input_size = "Input size", "输入尺寸";
        input_size_hint =
            "This model takes any size. Smaller is faster and misses more small objects.",
            "该模型接受任意尺寸：越小越快，但小目标更容易漏检。";
        own_size = "its own", "模型自身";
        /// As large as so many results a second allow.
        for_rate: fn(u32) -> String =
            |rate| format!("for {rate} a second"),
            |rate| format!("每秒 {rate} 次");
        threads = "Threads", "线程";
        /// A trial under way: threads, which trial, of how many.
        trying: fn(usize, usize, usize) -> String =
            |threads, at, of| format!("Measuring {threads}… ({at} of {of})"),
            |threads, at, of| format!("正在测量 {threads} 个…（{at}/{of}）");
        measure = "Measure", "测量";
        measure_hint =
            "Tries the model with more and fewer threads while the preview runs, and keeps the fastest number that leaves the preview smooth.",
            "在画面播放时用不同的线程数试运行模型，并保留不影响画面流畅的最快者。";
        stop = "Stop", "停止";
        needs_image =
            "Play a source first: threads are measured while it plays.",
            "请先播放一个来源：线程数是在播放时测量的。";
        /// A number of threads with the milliseconds it takes.
        trial: fn(usize, f32) -> String =
            |threads, ms| format!("{threads}: {ms:.1} ms"),
            |threads, ms| format!("{threads} 个：{ms:.1} ms");
        measured_hint =
            "Measured on this computer while the preview was running. The fastest number that left the preview smooth was kept.",
            "在这台电脑上、画面播放时测得；保留了不影响画面流畅的最快者。";
    }
}

strings! {
    /// Results as new or as many as possible.
    Pace {
        results = "Results", "结果";
        hint =
            "Fresh: one session takes the newest frame, and each result comes as soon as possible. Smooth: two sessions take alternate frames; there are more results, each a little older, and more memory is used. Automatic: both are tried once for each model and source, and two sessions stay if they give clearly more.",
            "及时：一个会话处理最新的帧，每个结果尽早得到。流畅：两个会话交替处理各帧，结果更多，但每个稍旧，内存占用也更多。自动：对每个模型和画面来源各试一次，两个会话明显更多时才保留。";
        one_session = "One session", "一个会话";
        two_sessions = "Two sessions", "两个会话";
        figures: fn(&PaceFigures) -> String =
            |f| format!("{:.1}/s · {:.0} ms", f.fps, f.age_ms),
            |f| format!("{:.1}/秒 · {:.0} 毫秒", f.fps, f.age_ms);
        not_measured = "not measured yet", "尚未测量";
    }
}

/// The name of a way to make results.
#[must_use]
pub fn pace_name(language: Language, pace: ResultPace) -> &'static str {
    pick(
        language,
        match pace {
            ResultPace::Fresh => ("Fresh", "及时"),
            ResultPace::Smooth => ("Smooth", "流畅"),
            ResultPace::Automatic => ("Automatic", "自动"),
        },
    )
}

/// Why an execution provider can't be chosen.
#[must_use]
pub fn why_not(language: Language, provider: Provider) -> &'static str {
    pick(
        language,
        match provider {
            Provider::CoreMl if !cfg!(target_os = "macos") => ("For macOS only.", "仅用于 macOS。"),
            Provider::DirectMl if !cfg!(windows) => ("For Windows only.", "仅用于 Windows。"),
            Provider::OpenVino => (
                "This ONNX Runtime doesn't offer it. Choose the library of Python's package onnxruntime-openvino (SIGHTLINE_ONNXRUNTIME).",
                "当前的 ONNX Runtime 不提供。请选用 Python 包 onnxruntime-openvino 里的库（SIGHTLINE_ONNXRUNTIME）。",
            ),
            Provider::Cuda | Provider::TensorRt => (
                "This ONNX Runtime doesn't offer it. Choose the library of Python's package onnxruntime-gpu (SIGHTLINE_ONNXRUNTIME).",
                "当前的 ONNX Runtime 不提供。请选用 Python 包 onnxruntime-gpu 里的库（SIGHTLINE_ONNXRUNTIME）。",
            ),
            _ => ("This ONNX Runtime doesn't offer it.", "当前的 ONNX Runtime 不提供。"),
        },
    )
}
