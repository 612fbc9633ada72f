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
            |why| format!("Running on the CPU instead: {why}."),
            |why| format!("已改用 CPU 运行：{why}。");
        /// A provider's share: its name, its nodes, percent of the time.
        share: fn(&str, usize, f32) -> String =
            |provider, nodes, part| {
                let plural = if nodes == 1 { "" } else { "s" };
                format!("{provider}: {nodes} node{plural}, {part:.0}% of the time")
            },
            |provider, nodes, part| format!("{provider}：{nodes} 个节点，占用时的 {part:.0}%");
        looking = "Checking which provider runs which nodes…", "正在查看各节点由哪个提供程序运行…";
        input_size = "Input size", "输入尺寸";
        input_size_hint =
            "This model accepts any input size. Smaller is faster, but misses more small objects.",
            "该模型接受任意输入尺寸：越小越快，但更容易漏检小目标。";
        own_size = "Model default", "模型默认";
        /// As large as so many results a second allow.
        for_rate: fn(u32) -> String =
            |rate| format!("for {rate} fps"),
            |rate| format!("满足 {rate} fps");
        threads = "Threads", "线程";
        /// A trial under way: threads, which trial, of how many.
        trying: fn(usize, usize, usize) -> String =
            |threads, at, of| format!("Trying {threads}… ({at} of {of})"),
            |threads, at, of| format!("正在尝试 {threads} 个…（{at}/{of}）");
        measure = "Tune", "调优";
        measure_hint =
            "Tries different numbers of threads while the preview runs, and keeps the fastest one that leaves the preview smooth.",
            "在画面播放时尝试不同的线程数，并保留不影响画面流畅的最快设置。";
        stop = "Stop", "停止";
        needs_image =
            "Play a source first: the number of threads is tuned while it plays.",
            "请先播放一个来源：线程数是在播放时调优的。";
        /// A number of threads with the milliseconds it takes.
        trial: fn(usize, f32) -> String =
            |threads, ms| format!("{threads}: {ms:.1} ms"),
            |threads, ms| format!("{threads} 个：{ms:.1} ms");
        measured_hint =
            "Time per frame with each number of threads, measured on this computer while the preview was running. The fastest number that left the preview smooth was kept.",
            "在本机播放画面时测得的各线程数下的每帧耗时；已保留不影响画面流畅的最快设置。";
    }
}

strings! {
    /// Results as new or as many as possible.
    Pace {
        results = "Optimise for", "优化目标";
        hint =
            "Low latency: one session takes the newest frame, and each result comes as soon as possible. High throughput: two sessions take alternate frames; there are more results, each slightly older, and more memory is used. Automatic: both are tried once for each model and source, and two sessions are kept if they give clearly more results.",
            "低延迟：一个会话处理最新的帧，尽快得到每个结果。高吞吐：两个会话交替处理各帧，结果更多，但每个结果稍旧，内存占用也更多。自动：对每个模型和来源各试一次，两个会话的结果明显更多时才采用。";
        one_session = "One session", "一个会话";
        two_sessions = "Two sessions", "两个会话";
        figures: fn(&PaceFigures) -> String =
            |f| format!("{:.1} fps · {:.0} ms", f.fps, f.age_ms),
            |f| format!("{:.1} fps · {:.0} ms", f.fps, f.age_ms);
        not_measured = "not measured yet", "尚未测量";
    }
}

/// The name of a way to make results.
#[must_use]
pub fn pace_name(language: Language, pace: ResultPace) -> &'static str {
    pick(
        language,
        match pace {
            ResultPace::Fresh => ("Low latency", "低延迟"),
            ResultPace::Smooth => ("High throughput", "高吞吐"),
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
            Provider::CoreMl if !cfg!(target_os = "macos") => ("macOS only.", "仅限 macOS。"),
            Provider::DirectMl if !cfg!(windows) => ("Windows only.", "仅限 Windows。"),
            Provider::OpenVino => (
                "Not included in this ONNX Runtime. Install the Python package onnxruntime-openvino and point SIGHTLINE_ONNXRUNTIME at its library.",
                "当前的 ONNX Runtime 不包含它。请安装 Python 包 onnxruntime-openvino，并将 SIGHTLINE_ONNXRUNTIME 设为其中的库。",
            ),
            Provider::Cuda | Provider::TensorRt => (
                "Not included in this ONNX Runtime. Install the Python package onnxruntime-gpu and point SIGHTLINE_ONNXRUNTIME at its library.",
                "当前的 ONNX Runtime 不包含它。请安装 Python 包 onnxruntime-gpu，并将 SIGHTLINE_ONNXRUNTIME 设为其中的库。",
            ),
            _ => ("Not included in this ONNX Runtime.", "当前的 ONNX Runtime 不包含它。"),
        },
    )
}
