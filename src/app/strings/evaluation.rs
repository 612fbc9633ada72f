//! What the window says of measured models: which images count, and whether one model is better.

use crate::dataset::{Chosen, Counted, Difference, Weight};
use crate::model::labels::Language;

/// Which images are measured, and why those.
#[must_use]
pub fn counted_text(language: Language, chosen: &Chosen) -> String {
    let (count, out) = (chosen.places.len(), chosen.left_out);
    if language == Language::Chinese {
        if count == 0 {
            return "还没有已审核的图片：只评估已审核的图片。".into();
        }
        let mut rest =
            if out > 0 { format!("另外 {out} 张已审核的图片不计入。") } else { String::new() };
        if chosen.mixed {
            rest += "其中有些与训练图片来自同一视频或摄像头，指标会偏高：请也采集其他来源的图片。";
        }
        return match chosen.counted {
            Counted::Val => format!("将评估 {count} 张用于验证的已审核图片。{rest}"),
            Counted::Test => format!("将评估 {count} 张用于测试的已审核图片。{rest}"),
            Counted::NotTrain => format!("将评估 {count} 张不用于训练的已审核图片。{rest}"),
            Counted::Train => {
                format!("将评估 {count} 张已审核图片，它们都用于训练：用它们训练过的模型指标会偏高。")
            }
            Counted::All => format!(
                "将评估全部 {count} 张已审核图片，因为它们没有划分：用其中图片训练过的模型指标会偏高。导出时选择验证比例，划分会保留在此，之后只评估验证图片。"
            ),
        };
    }
    let images = |count: usize| format!("{count} reviewed {}", if count == 1 { "image" } else { "images" });
    let is = if count == 1 { "is" } else { "are" };
    let mut rest = match out {
        0 => String::new(),
        1 => " 1 other doesn't count.".into(),
        _ => format!(" {out} others don't count."),
    };
    if chosen.mixed {
        rest += " Some are of the same video or camera as images for training, so that models look better than they are: collect from others, too.";
    }
    match chosen.counted {
        _ if count == 0 => "No image is reviewed yet: only reviewed images are measured.".into(),
        Counted::Val => format!("{} for validation {is} measured.{rest}", images(count)),
        Counted::Test => format!("{} for the test {is} measured.{rest}", images(count)),
        Counted::NotTrain => format!("{} that {is}n't for training {is} measured.{rest}", images(count)),
        Counted::Train => format!(
            "{} {is} measured, all for training: a model that was trained with them looks better than it is.",
            images(count)
        ),
        Counted::All => format!(
            "{} {is} measured, all that there are, as they have no split: a model that was trained with some of them looks better than it is. Export with a part for validation: the split is kept here, and only that part counts then.",
            images(count)
        ),
    }
}

/// Whether the second model is really better, in plain words.
#[must_use]
pub fn verdict(language: Language, [first, second]: [&str; 2], difference: &Difference) -> String {
    let points = |value: f64| format!("{:+.1}", value * 100.0);
    let (by, range) = (points(difference.by), difference.range.map(|range| range.map(points)));
    let better = if difference.by >= 0.0 { second } else { first };
    if language == Language::Chinese {
        let images = format!("{} 张图片", difference.images);
        let said = match difference.weight() {
            Weight::Unknown => {
                format!("这 {images}都来自同一个视频或摄像头，无法给出误差范围，也不能说明对其他画面如何。")
            }
            Weight::Noise => format!("差异在误差范围内：在这 {images}上，无法判断哪个模型更好。"),
            Weight::Few if difference.images < 2 => "只有 1 张图片，无法判断哪个模型更好。".to_owned(),
            Weight::Few => format!("在这 {images}上，“{better}”看起来更好，但不足以证明。"),
            Weight::Real => format!("在这 {images}上，“{better}”更好，且超出偶然误差。"),
        };
        let range = range.map(|[low, high]| format!("（95%：{low} 至 {high}）")).unwrap_or_default();
        let caution = match difference.weight() {
            Weight::Unknown => "请再审核其他视频的图片。".to_owned(),
            _ if difference.images < Difference::FEW_IMAGES => {
                "数据集较小：请先审核更多图片，再下结论。".to_owned()
            }
            _ if difference.is_few() => {
                format!(
                    "图片只来自 {} 个视频或摄像头：请先审核其他来源的图片，再下结论。",
                    difference.sources
                )
            }
            _ => String::new(),
        };
        return format!("{said}“{second}”相对“{first}”：{by} 个百分点{range}。{caution}");
    }
    let images = match difference.images {
        1 => "this 1 image".to_owned(),
        count => format!("these {count} images"),
    };
    let said = match difference.weight() {
        Weight::Unknown => format!(
            "No range can be given for {images}: they come from one video or camera and say nothing about others."
        ),
        Weight::Noise => {
            format!("The difference is within noise: neither model is shown to be better on {images}.")
        }
        Weight::Few if difference.images < 2 => {
            "1 image is too few to tell which model is better.".to_owned()
        }
        Weight::Few => format!("\"{better}\" looks better on {images}, which are too few to show it."),
        Weight::Real => format!("\"{better}\" is better on {images}, by more than chance explains."),
    };
    let range = range.map(|[low, high]| format!(" (95 %: {low} to {high})")).unwrap_or_default();
    let caution = match difference.weight() {
        Weight::Unknown => " Review images of other videos, too.".to_owned(),
        _ if difference.images < Difference::FEW_IMAGES => {
            " The data set is small: review more images before you rely on this.".to_owned()
        }
        _ if difference.is_few() => format!(
            " The images come from only {} videos or cameras: review images of others before you rely on this.",
            difference.sources
        ),
        _ => String::new(),
    };
    format!("{said} \"{second}\" against \"{first}\": {by} points{range}.{caution}")
}
