//! The texts of deploying a model for an inference server.

use super::failures::{Explain, FailureText, zh};
use super::language::pick;
use super::page_text::plain_quotes;
use super::phrases::phrase;
use crate::deploy::{DeployError, Note, Target};
use crate::library::names;
use crate::model::description;
use crate::model::labels::Language;

strings! {
    /// The dialogue that writes a model for an inference server.
    Deploy {
        title: fn(&str) -> String =
            |name| format!("Deploy {name} to a server"),
            |name| format!("将 {name} 部署到服务器");
        explained =
            "Writes a folder that the server reads. Any Sightline that connects to the server then knows what the model is.",
            "写出服务器所需的文件夹。之后任何连接到该服务器的 Sightline 都知道这是什么模型。";
        server = "Server", "服务器";
        name = "Name on the server", "在服务器上的名称";
        /// Under a name that a server doesn't take.
        becomes: fn(&str) -> String =
            |name| format!("It will be {name}: names there are letters, digits, _, - and ."),
            |name| format!("名称将为“{name}”：服务器上的名称只能由字母、数字和“_”“-”“.”组成");
        folder = "Folder", "文件夹";
        folder_hint =
            "It may hold other models for the same server.",
            "可以与同一种服务器的其他模型共用一个文件夹。";
        choose = "Choose folder…", "选择文件夹…";
        gpu = "Run on a GPU", "在 GPU 上运行";
        python = "Triton without ONNX Runtime's backend (Python)", "不带 ONNX Runtime 后端的 Triton（Python）";
        python_hint =
            "For a Triton that can't run ONNX files itself, such as that of the Python package nvidia-pytriton: a Python program runs the model there.",
            "适用于自身不能运行 ONNX 文件的 Triton（例如 Python 包 nvidia-pytriton 中的 Triton）：由一个 Python 程序运行模型。";
        deploy = "Deploy", "部署";
        replace = "Replace", "替换";
        writing = "Writing the files…", "正在写入文件…";
        may_close =
            "You can close this. A message tells when it is done.",
            "可以关闭此对话框，完成后会有消息提示。";
        other_writes: fn(&str) -> String =
            |name| format!("{name} is being written. Wait until that is done."),
            |name| format!("正在写入 {name}，请等待完成。");
        done: fn(&str, &str) -> String =
            |name, server| format!("{name} is ready for {server}"),
            |name, server| format!("{name} 已为 {server} 准备好");
        see_again =
            "\"Deploy to a server…\" in its menu shows how the server is started.",
            "在其菜单中选择“部署到服务器…”可查看启动服务器的命令。";
        in_folder: fn(&str) -> String = |folder| format!("In {folder}"), |folder| format!("位于 {folder}");
        start = "Start the server with", "启动服务器";
        start_one_of = "Start the server with one of these", "启动服务器（任选其一）";
        addresses = "Then open the model at", "然后用以下地址打开模型";
        elsewhere =
            "On another computer, write this one's name or IP address instead of localhost. Under Servers, its address lists its models.",
            "在其他计算机上，请把 localhost 换成本机的名称或 IP 地址。在“服务器”中添加该服务器即可看到它的模型。";
        good_to_know = "Good to know", "说明";
    }
}

/// What a server is called.
#[must_use]
pub fn target_name(target: Target) -> &'static str {
    match target {
        Target::Triton => "Triton",
        Target::Ovms => "OpenVINO Model Server",
        Target::KServe => "KServe",
    }
}

/// Whose server it is, and what is written for it.
#[must_use]
pub fn target_text(language: Language, target: Target) -> &'static str {
    pick(
        language,
        match target {
            Target::Triton => ("NVIDIA's server, for CPUs and GPUs", "NVIDIA 的服务器，支持 CPU 和 GPU"),
            Target::Ovms => {
                ("Intel's server, for Intel's CPUs and GPUs", "英特尔的服务器，支持英特尔 CPU 和 GPU")
            }
            Target::KServe => (
                "For Kubernetes, or a Python program on one computer",
                "用于 Kubernetes，或单机上的 Python 程序",
            ),
        },
    )
}

/// What the user should know about a deployment, in the window's words.
#[must_use]
pub fn note_text(language: Language, note: &Note) -> String {
    let shown = |path: &std::path::Path| names::shown(&path.display().to_string()).into_owned();
    match (language, note) {
        (Language::English, Note::Upload { folder, uri }) => format!(
            "Copy what is in \"{}\" to {uri}, where the cluster reads it. Another place is written into inferenceservice.yaml as storageUri.",
            shown(folder)
        ),
        (Language::English, note) => plain_quotes(&note.to_string()),
        (Language::Chinese, Note::Renamed { from, to }) => {
            format!("服务器上的名称只能由字母、数字和“_”“-”“.”组成，因此“{from}”改为“{to}”。")
        }
        (Language::Chinese, Note::Unchanged) => "此前已部署在该处，内容没有变化。".into(),
        (Language::Chinese, Note::NotUnderstood { reason }) => {
            let reason = phrase(language, reason);
            format!("Sightline 未能识别该模型（{reason}）。请在部署前或在使用它的计算机上配置模型。")
        }
        (Language::Chinese, Note::Adapters) => "LoRA 适配器不会部署，服务器运行不带适配器的模型。".into(),
        (Language::Chinese, Note::Companion) => {
            "它的第二个模型（姿态或抠图）不会部署，在 Sightline 所在的计算机上运行。".into()
        }
        (Language::Chinese, Note::State) => "逐帧保留的状态会随每个请求发送。".into(),
        (Language::Chinese, Note::Description { file, name }) => format!(
            "该服务器无法说明模型是什么。请把“{}”复制到每台使用它的计算机上，放在 Sightline 模型文件夹的“servers/{name}{}”。",
            shown(file),
            description::ENDING
        ),
        (Language::Chinese, Note::Upload { folder, uri }) => format!(
            "请把“{}”中的内容复制到 {uri}，集群从那里读取模型。如需使用其他位置，请修改“inferenceservice.yaml”中的 storageUri。",
            shown(folder)
        ),
    }
}

impl Explain for DeployError {
    fn english_fix(&self) -> String {
        match self {
            Self::Exists { .. } => "Replace it, or choose another name or folder.".into(),
            error => error.fix(),
        }
    }

    fn chinese(&self) -> FailureText {
        let shown = |path: &std::path::Path| names::shown(&path.display().to_string()).into_owned();
        let elsewhere = "请选择其他文件夹或其他名称。";
        match self {
            Self::Model(error) => error.chinese(),
            Self::NoShape { tensor } => FailureText::new(
                format!("服务器需要知道“{tensor}”的形状，而模型文件没有说明。"),
                "请用“python -m onnxruntime.tools.symbolic_shape_infer”补上形状，或重新导出模型。",
            ),
            Self::Type { tensor, element } => FailureText::new(
                format!("“{tensor}”的数值类型“{element}”无法由服务器传输。"),
                "请重新导出模型，使图像为数值。",
            ),
            Self::Exists { path } => FailureText::new(
                format!("“{}”已经存在，而且内容不同。", shown(path)),
                "请替换它，或选择其他名称或文件夹。",
            ),
            Self::NotDeployed { path } => {
                FailureText::new(format!("“{}”中不是已部署的模型，因此不会替换。", shown(path)), elsewhere)
            }
            Self::OtherConfig { path } => FailureText::new(
                format!("“{}”不是 OpenVINO Model Server 的配置，因此不会替换。", shown(path)),
                elsewhere,
            ),
            Self::Storage { uri } => FailureText::new(
                format!("“{uri}”不是存储地址。"),
                "请写成 s3://bucket/models、gs://bucket/models 或 pvc://claim/models 的形式。",
            ),
            Self::Write { path, reason } => FailureText::new(
                format!("无法写入“{}”：{}。", shown(path), zh(reason)),
                "请确认当前账户可以写入该位置，且磁盘未满。",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::strings::english_left::english_in;

    #[test]
    fn every_note_is_told_in_chinese_and_without_options_of_the_command() {
        let notes = [
            Note::Renamed { from: "行人 1".into(), to: "xing_ren_1".into() },
            Note::Unchanged,
            Note::NotUnderstood { reason: "no output fits a known family".into() },
            Note::Adapters,
            Note::Companion,
            Note::State,
            Note::Description { file: "/srv/models/yolox.sightline.json".into(), name: "yolox".into() },
            Note::Upload { folder: "/srv/yolox/repository".into(), uri: "pvc://models/yolox".into() },
        ];
        for note in &notes {
            // A note of a new kind needs an example here.
            match note {
                Note::Renamed { .. }
                | Note::Unchanged
                | Note::NotUnderstood { .. }
                | Note::Adapters
                | Note::Companion
                | Note::State
                | Note::Description { .. }
                | Note::Upload { .. } => {}
            }
            let english = note_text(Language::English, note);
            let chinese = note_text(Language::Chinese, note);
            assert!(!english.contains("--") && !chinese.contains("--"), "{english} / {chinese}");
            assert!(english.ends_with(['.']), "{english}");
            assert!(chinese.ends_with('。') && !chinese.contains("。。"), "{chinese}");
            if !matches!(note, Note::NotUnderstood { .. }) {
                assert_eq!(english_in(&chinese), None, "{chinese}");
            }
        }
    }

    #[test]
    fn the_window_offers_no_options_of_the_command() {
        let error = DeployError::Exists { path: "/srv/models/yolox".into() };
        for language in [Language::English, Language::Chinese] {
            let text = error.explain(language).to_string();
            assert!(!text.contains("--"), "{text}");
        }
    }
}
