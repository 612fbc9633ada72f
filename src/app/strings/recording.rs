//! The texts of recordings.

use super::failures::{Explain, FailureText, zh};
use crate::model::labels::Language;
use crate::record::{Container, RecordError, What};

strings! {
    /// Recording videos.
    Recording {
        title = "Recordings", "录像";
        record = "Record", "录像";
        stop = "Stop recording", "停止录像";
        pause = "Pause recording", "暂停录像";
        go_on = "Resume recording", "继续录像";
        starting = "Starting …", "正在启动……";
        paused = "Paused", "已暂停";
        first_only = "results of the first model only", "仅第一个模型的结果";
        left_out: fn(u64) -> String =
            |count| format!("{count} {} skipped", if count == 1 { "frame" } else { "frames" }),
            |count| format!("跳过 {count} 帧");
        left_out_hint =
            "The encoder had no time for these frames. Record one video instead of two, or a smaller picture.",
            "编码器来不及处理这些帧。可以只录一个视频，或使用更小的画面。";
        save_last: fn(u32) -> String =
            |seconds| format!("Save the last {seconds} s"), |seconds| format!("保存最近 {seconds} 秒");
        clip_coming = "Saving clip …", "正在保存片段……";
        what = "Video", "视频";
        folder = "Folder", "文件夹";
        also_json = "Also save what was found in each frame (JSON Lines)", "同时保存每一帧的识别结果（JSON Lines）";
        keep = "Keep the last seconds", "保留最近几秒";
        keep_off = "Off", "关闭";
        keep_seconds: fn(u32) -> String = |seconds| format!("{seconds} s"), |seconds| format!("{seconds} 秒");
        keep_hint =
            "Keeps encoding in memory, so that Shift+R saves what has just happened. It takes processor time.",
            "持续在内存中编码，按 Shift+R 即可保存刚刚发生的内容。会占用处理器。";
        no_sound = "Sound is not recorded.", "不录制声音。";
        saved = "Recording saved", "录像已保存";
        clip_saved = "Clip saved", "片段已保存";
        ended_early = "The recording ended early", "录像提前结束";
        failed = "Not recorded", "录像失败";
        clip_failed = "Clip not saved", "片段未保存";
        still = "An image doesn't move: take a snapshot instead.", "图片是静止的，请使用截图。";
        copy_command = "Copy as command", "复制为命令";
        copy_command_hint =
            "The command line that does the same without a window: this source, model and thresholds.",
            "不用窗口也能做同样事情的命令行：相同的来源、模型和阈值。";
        key = "Record, or stop", "开始或停止录像";
        key_last = "Save the last seconds", "保存最近几秒";
    }
}

/// The name of a choice of videos.
#[must_use]
pub fn what_name(language: Language, what: What) -> &'static str {
    match (language, what) {
        (Language::English, What::Annotated) => "With boxes and names",
        (Language::English, What::Clean) => "Without drawing",
        (Language::English, What::Both) => "Both",
        (Language::Chinese, What::Annotated) => "带标注",
        (Language::Chinese, What::Clean) => "不带标注",
        (Language::Chinese, What::Both) => "两者都录",
    }
}

/// The name of a kind of file.
#[must_use]
pub fn container_name(container: Container) -> &'static str {
    match container {
        Container::Mp4 => "MP4",
        Container::Mkv => "MKV",
        Container::WebM => "WebM",
    }
}

impl Explain for RecordError {
    fn english_fix(&self) -> String {
        self.fix()
    }

    fn chinese(&self) -> FailureText {
        let shown = |path: &std::path::Path| path.display().to_string();
        match self {
            Self::NoFfmpeg => FailureText::new(
                "此功能需要程序 ffmpeg，但它没有安装。",
                if cfg!(target_os = "linux") {
                    "请安装（Debian、Ubuntu：sudo apt install ffmpeg）。以 MP4 格式录像不需要它。"
                } else {
                    "请从 ffmpeg.org 安装。以 MP4 格式录像不需要它。"
                },
            ),
            Self::NoEncoder { container } => FailureText::new(
                format!("此 ffmpeg 没有可用于 {} 文件的编码器。", container_name(*container)),
                "请安装完整的 ffmpeg，或改为保存图片。",
            ),
            Self::Unwritable { path, reason } => FailureText::new(
                format!("无法写入“{}”：{}。", shown(path), zh(reason)),
                "请检查文件夹的权限和剩余空间。",
            ),
            Self::NoRoom { folder, free } => FailureText::new(
                format!("“{}”所在的磁盘快满了，只剩 {} MB。", shown(folder), free / 1_000_000),
                "请腾出空间，或在设置中选择其他磁盘上的文件夹。已写入的部分可以播放。",
            ),
            Self::TooLittleRoom { folder, free, needed } => FailureText::new(
                format!(
                    "“{}”所在的磁盘只剩 {} MB，开始录像需要 {} MB。",
                    shown(folder),
                    free / 1_000_000,
                    needed / 1_000_000
                ),
                "请腾出空间，或在设置中选择其他磁盘上的文件夹。",
            ),
            Self::Ended { path, reason } => FailureText::new(
                format!("视频“{}”提前结束：{}。", shown(path), zh(reason)),
                "请检查剩余空间，或保存到其他文件夹。已写入的部分可以播放。",
            ),
            Self::Stuck { path } => FailureText::new(
                format!("视频“{}”提前结束：编码器没有响应。", shown(path)),
                "已写入的部分可以播放。请重新录制；画面越小，负担越轻。",
            ),
            Self::Removed { path } => FailureText::new(
                format!("录像已结束：“{}”被删除或移动。", shown(path)),
                "请重新录制，并在录像结束前不要移动该文件。",
            ),
            Self::NoFrames => {
                FailureText::new("还没有可录制的内容：来源没有画面。", "请选择来源，或等待第一帧。")
            }
            Self::NoResults => FailureText::new(
                "还没有可录制的内容：打开隐私时，只录制已有结果的帧。",
                "请选择能识别要隐藏目标的模型。",
            ),
            Self::Blind => {
                FailureText::new("打开隐私时，比较模型期间不录像。", "请结束比较（C），或关闭隐私。")
            }
            Self::PrivacyChanged => {
                FailureText::new("因为打开了隐私，片段未保存。", "请稍后再保存最近几秒。")
            }
            Self::NothingKept => {
                FailureText::new("没有保留最近几秒的视频。", "请在设置的“录像”中选择要保留的秒数。")
            }
        }
    }
}
