//! The pages of sources and models that fail: a title, an explanation and a fix; and the names of tasks.

use super::failures::{Explain, FailureText, zh};
use super::page_text::{PageText, Texts};
use super::servers::{address_texts, list_texts, server_texts};
use crate::file_kind::FileKind;
use crate::model::ModelError;
use crate::model::isolation::{Crash, Ending};
use crate::model::labels::Language;
use crate::source::SourceError;

impl Explain for SourceError {
    fn english_fix(&self) -> String {
        self.fix()
    }

    fn chinese(&self) -> FailureText {
        source_texts(self).into_chinese()
    }
}

impl Explain for ModelError {
    fn english_fix(&self) -> String {
        match self {
            Self::Server { error, .. } => error.english_fix(),
            Self::Address { error } => error.english_fix(),
            error => error.fix(),
        }
    }

    fn chinese(&self) -> FailureText {
        model_texts(self).into_chinese()
    }
}

/// The page of a source that gives no frames.
#[must_use]
pub fn source_page(language: Language, error: &SourceError) -> PageText {
    source_texts(error).of(language, error, &error.fix())
}

fn source_texts(error: &SourceError) -> Texts {
    let again = "Sightline 会自动重试。若仍不恢复，请重新插拔摄像头，或选择较低的分辨率。";
    match error {
        SourceError::NoCamera => Texts::new(
            "No camera",
            "没有摄像头",
            "没有找到摄像头。",
            "请连接摄像头，或打开图片、视频或测试图案。",
        ),
        SourceError::Missing { name } => Texts::new(
            "Camera not connected",
            "摄像头未连接",
            format!("摄像头“{name}”没有连接。"),
            "重新插上后，画面会自动恢复。",
        ),
        SourceError::Unplugged { name } => Texts::new(
            "Camera unplugged",
            "摄像头已拔出",
            format!("摄像头“{name}”已被拔出。"),
            "重新插上后，画面会自动恢复。",
        ),
        SourceError::Busy { name, by } => Texts::new(
            "Camera in use",
            "摄像头被占用",
            match by {
                Some(by) => format!("摄像头“{name}”正被 {by} 使用。"),
                None => format!("摄像头“{name}”正被其他程序使用。"),
            },
            "请关闭占用它的程序，或选择其他摄像头；画面会自动恢复。",
        ),
        SourceError::Forbidden { name } => Texts::new(
            "No permission to use the camera",
            "没有摄像头权限",
            format!("当前账户无权使用摄像头“{name}”。"),
            if cfg!(target_os = "linux") {
                "请运行“sudo usermod -aG video $USER”，然后注销并重新登录。"
            } else {
                "请在系统隐私设置中允许 Sightline 使用摄像头。"
            },
        ),
        SourceError::Stalled { name } => Texts::new(
            "Camera stopped responding",
            "摄像头停止响应",
            format!("摄像头“{name}”不再传来画面。"),
            again,
        ),
        SourceError::StreamStalled { name } => Texts::new(
            "The stream has stopped",
            "网络流已中断",
            format!("网络流“{name}”不再传来画面。"),
            "Sightline 会持续重试。请检查地址、网络以及摄像头或服务器。",
        ),
        SourceError::Stream { name, reason } => Texts::new(
            "The stream can't be opened",
            "无法打开网络流",
            format!("网络流“{name}”无法打开：{reason}。"),
            "Sightline 会持续重试。请检查地址、网络以及摄像头或服务器。",
        ),
        SourceError::VideoStalled { name, after } => Texts::new(
            "The video has stopped",
            "视频停止播放",
            format!("视频“{name}”无法继续读取：{} 秒内没有新画面。", after.as_secs()),
            "请重新打开。若总在同一位置停止，说明文件在该处损坏；否则可能是磁盘或网络太慢。",
        ),
        SourceError::NotMedia { path, kind } => Texts::new(
            "Not an image or a video",
            "不是图片或视频",
            format!("“{}”是{}，不是图片或视频。", path.display(), chinese_kind(*kind)),
            "请选择图片、视频或图片文件夹。",
        ),
        SourceError::Damaged { name } => {
            Texts::new("Damaged frames", "画面损坏", format!("摄像头“{name}”传来的画面已损坏。"), again)
        }
        SourceError::NoFormat { name, found } => Texts::new(
            "Unsupported pixel format",
            "不支持的像素格式",
            format!("摄像头“{name}”只提供不支持的格式：{found}。"),
            "支持 MJPEG、YUYV、NV12、RGB、BGR 和 GREY；请选择其他摄像头。",
        ),
        SourceError::Camera { name, reason } => {
            Texts::new("Camera failure", "摄像头故障", format!("“{name}”出错：{}。", zh(reason)), again)
        }
        SourceError::NoFile { path } => Texts::new(
            "File not found",
            "找不到文件",
            format!("“{}”不存在。", path.display()),
            "请检查名称，或将文件拖入窗口。",
        ),
        SourceError::Unreadable { path, reason } => Texts::new(
            "Can't read the file",
            "无法读取文件",
            format!("“{}”无法读取：{}。", path.display(), zh(reason)),
            "请确认文件完整，且当前账户有读取权限。",
        ),
        SourceError::NoImages { place } => Texts::new(
            "No images here",
            "这里没有图片",
            format!("“{place}”中没有图片。"),
            "请选择包含 JPEG、PNG、WebP、BMP、GIF、TIFF 或 PNM 图片的文件夹。",
        ),
        SourceError::NoFfmpeg => Texts::new(
            "Videos need ffmpeg",
            "播放视频需要 ffmpeg",
            "视频由 ffmpeg 程序读取，但尚未安装。",
            if cfg!(target_os = "linux") {
                "请安装（Debian、Ubuntu：sudo apt install ffmpeg），然后重新打开视频。"
            } else {
                "请从 ffmpeg.org 安装，然后重新打开视频。"
            },
        ),
        SourceError::NotSeekable => Texts::new(
            "Can't seek here",
            "此处无法跳转",
            "实时来源无法跳转。",
            "请打开视频或图片文件夹进行跳转。",
        ),
        SourceError::Unknown { text } => Texts::new(
            "Unknown source",
            "未知的来源",
            format!("“{text}”不是可以打开的摄像头、文件、文件夹或地址。"),
            "请给出摄像头编号或名称、图片、文件夹、通配符、视频、网络地址，或“pattern”。",
        ),
    }
}

/// Its name in Chinese.
pub fn chinese_kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Folder => "文件夹",
        FileKind::Pipe => "命名管道",
        FileKind::Socket => "套接字",
        FileKind::Device => "设备",
        FileKind::Text => "文本文件",
        FileKind::WebPage => "网页",
        FileKind::Pdf => "PDF 文档",
        FileKind::Zip => "zip 压缩包",
        FileKind::Archive => "压缩包",
        FileKind::Sound => "音频文件",
        FileKind::Program => "程序",
    }
}

/// What is said of a model that once ended the process that it ran in.
#[must_use]
pub fn ending_note(language: Language, ending: Ending) -> FailureText {
    match language {
        Language::English => FailureText::new(ending.note(), ending.fix()),
        Language::Chinese => {
            let note = match ending {
                Ending::Crashed(crash) => {
                    format!("此模型运行时曾崩溃（{}），因此在独立进程中运行。", chinese_crash(crash))
                }
                Ending::TooSlow(seconds) => format!("此模型在 {seconds} 秒内没有给出结果，已被结束。"),
                Ending::TooLarge(bytes) => {
                    format!("此模型需要超过 {:.1} GB 的内存，已被结束。", bytes as f64 / 1e9)
                }
            };
            FailureText::new(note, chinese_ending_fix(ending))
        }
    }
}

fn chinese_ending_fix(ending: Ending) -> &'static str {
    match ending {
        Ending::Crashed(_) => "请选择其他模型，用更新的导出工具重新导出，或更新 ONNX Runtime。",
        Ending::TooSlow(_) | Ending::TooLarge(_) => {
            "请选择更小的模型或输入尺寸；若信任此模型，请用“--isolate never”启动 Sightline。"
        }
    }
}

/// What a model crashed of, in Chinese.
fn chinese_crash(crash: Crash) -> String {
    match crash {
        Crash::Division => "无法完成的除法".into(),
        Crash::Memory => "错误的内存访问".into(),
        Crash::Instruction => "此处理器没有的指令".into(),
        Crash::Abort => "自行中止".into(),
        Crash::Killed => "被系统结束，通常因为内存不足".into(),
        Crash::Signal(number) => format!("信号 {number}"),
        Crash::Code(code) => format!("退出代码 {code}"),
    }
}

/// The page of a model that isn't running. Reasons that ONNX Runtime gives stay in its own words.
#[must_use]
pub fn model_page(language: Language, error: &ModelError) -> PageText {
    model_texts(error).of(language, error, &error.english_fix())
}

fn model_texts(error: &ModelError) -> Texts {
    match error {
        ModelError::Server { error, .. } => server_texts(error),
        ModelError::Address { error } => address_texts(error),
        ModelError::ServerList { error } => list_texts(error),
        ModelError::NoFile { path } => Texts::new(
            "Model not found",
            "找不到模型",
            format!("模型文件“{}”不存在。", path.display()),
            "请检查名称，或将文件拖入窗口。",
        ),
        ModelError::Unreadable { path, reason } => Texts::new(
            "Can't read the model",
            "无法读取模型",
            format!("模型文件“{}”无法读取：{}。", path.display(), zh(reason)),
            "请确认当前账户有读取权限。",
        ),
        ModelError::NotOnnx { path, reason } => Texts::new(
            "Not a valid ONNX file",
            "不是有效的 ONNX 文件",
            format!("“{}”不是有效的 ONNX 文件：{}。", path.display(), zh(&reason.to_string())),
            "请重新下载或导出；文件必须是 ONNX 模型。",
        ),
        ModelError::NoRuntime { reason, .. } => Texts::new(
            "ONNX Runtime not found",
            "未找到 ONNX Runtime",
            match reason {
                Some(reason) => format!("没有找到运行模型所需的 ONNX Runtime（{reason}）。"),
                None => "没有找到运行模型所需的 ONNX Runtime。".into(),
            },
            "请运行“make run”自动获取；或用“pip install onnxruntime”安装，或从 github.com/microsoft/onnxruntime 下载 1.24 或更新的版本，然后选择库文件。",
        ),
        ModelError::NotUnderstood { path, reason } => Texts::new(
            "Model type not recognised",
            "无法识别模型类型",
            format!("无法识别“{}”的类型：{}。", path.display(), zh(reason)),
            "请在“配置模型”中手动选择任务和输入。",
        ),
        ModelError::BadSidecar { path, reason } => Texts::new(
            "Invalid model settings file",
            "模型配置文件无效",
            format!("模型旁的配置文件“{}”无效：{}。", path.display(), zh(&reason.to_string())),
            "请更正或删除该文件。",
        ),
        ModelError::BadCompanion { path, reason } => Texts::new(
            "The second model can't be used",
            "第二个模型无法使用",
            format!("第二个模型“{}”无法使用：{}。", path.display(), zh(reason)),
            "请另选一个：动作识别需要带 COCO 17 点的姿态模型（YOLO11-pose、MoveNet），仅应用到人物需要抠图模型（selfie segmentation、MODNet）。",
        ),
        ModelError::UnexpectedOutput { family, reason } => Texts::new(
            "The model failed",
            "模型运行出错",
            format!("模型的输出与 {} 不符：{}。", zh(family), zh(&reason.to_string())),
            "请在“配置模型”中选择其他系列。",
        ),
        ModelError::RunFailed { reason } => Texts::new(
            "The model failed",
            "模型运行出错",
            format!("模型处理画面时出错：{}。", zh(reason)),
            "请换用其他输入尺寸或模型。",
        ),
        ModelError::Refused { path, reason } => Texts::new(
            "Can't open the model",
            "无法打开模型",
            format!("ONNX Runtime 无法打开“{}”：{}。", path.display(), zh(reason)),
            "请用更新的导出工具重新导出，或更新 ONNX Runtime（见“sightline doctor”）。",
        ),
        ModelError::CannotRun { path, reason, remedy } => Texts::new(
            "Can't run the model",
            "无法运行模型",
            format!("“{}”无法在此运行：{}。", path.display(), zh(reason)),
            zh(remedy),
        ),
        ModelError::BadAdapter { path, reason } => Texts::new(
            "Can't use the adapter",
            "适配器无法使用",
            format!("适配器“{}”无法使用：{}。", path.display(), zh(reason)),
            "请选择其他适配器或不使用适配器，或用 onnxruntime 的 AdapterFormat 为此模型重新生成。",
        ),
        ModelError::Ended { path, ending } => Texts::new(
            match ending {
                Ending::Crashed(_) => "The model crashed",
                Ending::TooSlow(_) => "The model gave no result",
                Ending::TooLarge(_) => "The model wanted too much memory",
            },
            match ending {
                Ending::Crashed(_) => "模型崩溃",
                Ending::TooSlow(_) => "模型没有给出结果",
                Ending::TooLarge(_) => "模型占用内存过多",
            },
            match ending {
                Ending::Crashed(crash) => {
                    format!("“{}”在其独立进程中运行时崩溃（{}）。", path.display(), chinese_crash(*crash))
                }
                Ending::TooSlow(seconds) => {
                    format!("“{}”在 {seconds} 秒内没有给出结果，已被结束。", path.display())
                }
                Ending::TooLarge(bytes) => format!(
                    "“{}”需要的内存超过允许的 {:.1} GB，已被结束。",
                    path.display(),
                    *bytes as f64 / 1e9
                ),
            },
            chinese_ending_fix(*ending),
        ),
        ModelError::NoHelper { reason } => Texts::new(
            "New models can't be run",
            "无法运行新模型",
            format!("无法启动运行新模型的进程：{}。", zh(reason)),
            "请重新启动 Sightline；若仍不行，请用“--isolate never”启动，新模型将在没有此保护的情况下运行。",
        ),
        ModelError::Stopped => Texts::new("Stopped", "已停止", "运行已停止。", ""),
        ModelError::Provider { provider, reason } => Texts::new(
            "Can't use the execution provider",
            "无法使用执行提供程序",
            format!("无法使用 {provider}：{}。", zh(reason)),
            "请选择“CPU”，或安装该提供程序所需的组件。",
        ),
    }
}
