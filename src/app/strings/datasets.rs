//! What the window says of data sets: why one can't be read or written, what is wrong with single files, what a format can't hold.

use super::failures::{Explain, FailureText, zh};
use crate::dataset::{DatasetError, Loss, Losses, Problem};
use crate::model::labels::Language;

impl Explain for DatasetError {
    fn english_fix(&self) -> String {
        self.fix()
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::Missing { path } => {
                FailureText::new(format!("“{}”处没有数据集。", path.display()), "请检查名称和所在文件夹。")
            }
            Self::NotOne { path } => FailureText::new(
                format!("“{}”不是 Sightline 的数据集。", path.display()),
                "请选择 Sightline 建立的文件夹，或将其内容导入到新文件夹。",
            ),
            Self::Unknown { path } => FailureText::new(
                format!("“{}”不是可读取的数据集。", path.display()),
                "可读取 Sightline、COCO、YOLO 数据集，以及每类一个子文件夹的图像。",
            ),
            Self::Nothing { losses } => FailureText::new(
                format!("数据集中没有可以导出的图像：{}", losses_text(losses, Language::Chinese)),
                "请先审核一些图像，或连同未审核的图像一起导出。",
            ),
            Self::NoImages { path } => FailureText::new(
                format!("图像全部缺失，例如“{}”。", path.display()),
                "请指定图像所在的文件夹。",
            ),
            Self::Ended => FailureText::new("操作在完成前已停止，未写入任何内容。", "需要时请重新开始。"),
            Self::Newer { path, version } => FailureText::new(
                format!(
                    "数据集“{}”由更新版本的 Sightline 建立（格式 {version}，此版本可读取 1）。",
                    path.display()
                ),
                "请更新 Sightline。",
            ),
            Self::Unreadable { path, source } => FailureText::new(
                format!("无法读取“{}”：{}。", path.display(), zh(&source.to_string())),
                "请确认文件存在，且当前账户有读取权限。",
            ),
            Self::Damaged { path, reason } => FailureText::new(
                format!("无法读取“{}”：{}。", path.display(), zh(reason)),
                "请用备份替换它，或用原来的程序重新导出数据集。",
            ),
            Self::Unwritable { path, source } => FailureText::new(
                format!("无法写入“{}”：{}。", path.display(), zh(&source.to_string())),
                "请选择当前账户有写入权限的文件夹。",
            ),
            Self::Full { path } => FailureText::new(
                format!("“{}”所在磁盘已满。", path.display()),
                "请清理空间，或选择其他磁盘上的文件夹。",
            ),
            Self::Taken { path } => {
                FailureText::new(format!("“{}”中已有内容。", path.display()), "请选择新文件夹或空文件夹。")
            }
            Self::Image(error) => error.chinese(),
        }
    }
}

/// What is wrong with a file of a data set, as a sentence.
#[must_use]
pub fn dataset_problem(problem: &Problem, language: Language) -> String {
    if language == Language::English {
        return problem.to_string();
    }
    let path = problem.path().display();
    match problem {
        Problem::Labels { reason, .. } => format!("无法读取标注文件“{path}”：{}。", zh(reason)),
        Problem::NoImage { .. } => format!("标注文件“{path}”没有对应的图像。"),
        Problem::Image { reason, .. } => format!("无法读取图像“{path}”：{}。", zh(reason)),
        Problem::Label { reason, count, .. } => {
            format!("已忽略“{path}”中的 {count} 个标注：{}。", zh(reason))
        }
        Problem::NewClass { class, .. } => format!("“{path}”中的类别“{class}”不在数据集的列表中，已添加。"),
        Problem::Folder { reason, .. } => format!("无法读取文件夹“{path}”：{}。", zh(reason)),
    }
}

/// What a format can't hold, as one sentence; empty if it holds everything.
#[must_use]
pub fn losses_text(losses: &Losses, language: Language) -> String {
    if language == Language::English || losses.is_empty() {
        return losses.to_string();
    }
    let parts: Vec<String> = losses.iter().map(|(loss, count)| loss_text(loss, count)).collect();
    format!("{}。", parts.join("；"))
}

fn loss_text(loss: Loss, count: usize) -> String {
    match loss {
        Loss::NotReviewed => format!("{count} 张未审核的图像未导出"),
        Loss::Rejected => format!("{count} 张被拒绝的图像未导出"),
        Loss::MissingImages => format!("{count} 张图像缺失，未导出"),
        Loss::Suggestions => format!("{count} 个未采纳的建议未导出"),
        Loss::Renamed => format!("{count} 张图像因重名而改名"),
        Loss::Outlines => format!("{count} 个轮廓未导出，只保留其边界框"),
        Loss::Keypoints => format!("{count} 个对象的关键点未导出"),
        Loss::OtherKeypoints => format!("{count} 个关键点数目不同的对象未导出"),
        Loss::Orientation => format!("{count} 个旋转框失去角度"),
        Loss::Crowds => format!("{count} 个群体标注未导出"),
        Loss::CrowdMark => format!("{count} 个群体标注成为普通对象"),
        Loss::Holes => format!("掩码中的 {count} 个孔洞被填满"),
        Loss::Parts => format!("{count} 个由多个部分组成的对象以接缝相连"),
        Loss::SeparateParts => format!("{count} 个由多个部分组成的对象成为多个轮廓"),
        Loss::Rectangles => format!("{count} 个没有轮廓的对象成为矩形"),
        Loss::Upright => format!("{count} 个没有角度的对象按水平框写入"),
        Loss::NoKeypoints => format!("{count} 个没有关键点的对象写入了未标注的关键点"),
        Loss::ImageClasses => format!("{count} 张图像的类别未导出"),
        Loss::NoClass => format!("{count} 张没有类别的图像未导出"),
        Loss::WholePixels => format!("{count} 个边界框取整为整数像素"),
        Loss::Scores => format!("{count} 个标注的置信度未导出"),
        Loss::Tracks => format!("{count} 个标注的轨迹未导出"),
        Loss::Details => format!("{count} 个标注或图像的属性未导出"),
        Loss::MirroredPoints => "镜像时互换的关键点未导出".to_owned(),
        Loss::Hidden => format!("{count} 个对象的关键点遮挡信息未导出"),
        Loss::Empty => format!("{count} 个没有面积的对象未导出"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_and_problems_are_told_in_both_languages() {
        let mut losses = Losses::default();
        assert_eq!(losses_text(&losses, Language::Chinese), "");
        losses.add(Loss::Crowds, 2);
        losses.add(Loss::Holes, 1);
        assert_eq!(
            losses_text(&losses, Language::English),
            "2 crowds were left out; 1 hole in a mask was filled."
        );
        assert_eq!(losses_text(&losses, Language::Chinese), "2 个群体标注未导出；掩码中的 1 个孔洞被填满。");
        let problem = Problem::NoImage { path: "a.json".into() };
        assert_eq!(dataset_problem(&problem, Language::Chinese), "标注文件“a.json”没有对应的图像。");
    }
}
