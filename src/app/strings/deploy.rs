//! What the window says of deploying a model for a server.

use super::failures::{Explain, FailureText, zh};
use crate::deploy::DeployError;
use crate::library::names;

impl Explain for DeployError {
    fn english_fix(&self) -> String {
        self.fix()
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
                "请用 --force 替换，或用 --name 另取名称。",
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
