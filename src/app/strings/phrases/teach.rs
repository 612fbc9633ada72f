//! Where a backbone is cut and why, notes about projects, and the reasons of failures in teaching.

type Phrases = &'static [(&'static str, &'static str)];

pub(super) const PHRASES: Phrases = &[
    // Where a backbone is cut.
    ("chosen by hand", "手动选择"),
    (
        "the model's own output{}: the file names no classes, so that it is taken for a vector that tells what an image looks like",
        "模型自身的输出{0}：文件没有类别名称，因此按描述图片外观的向量处理",
    ),
    ("the model's own output{}: its class scores", "模型自身的输出{0}：各类别的分数"),
    (
        "it goes into the last fully connected layer ({}), which gives the scores of the classes",
        "它是最后一个全连接层（{0}）的输入，该层给出各类别的分数",
    ),
    (
        "it goes into the last layer, a convolution of one pixel after global pooling, which gives the scores of the classes",
        "它是最后一层（全局池化之后的 1×1 卷积）的输入，该层给出各类别的分数",
    ),
    (
        "it goes into the last convolution, whose maps are averaged into the scores of the classes; its mean over the image is taken",
        "它是最后一个卷积的输入，该卷积的特征图平均后即为各类别的分数；取它在整张图片上的平均",
    ),
    ("the output of global pooling ({})", "全局池化（{0}）的输出"),
    (
        "the last and widest feature map of {} grid: {} maps; the mean of each over the image is taken",
        "{0}网格上最后且最宽的特征图：{1} 张；各取整张图片上的平均",
    ),
    ("the coarsest", "最粗的"),
    ("the second coarsest", "第二粗的"),
    ("the third coarsest", "第三粗的"),
    ("the fourth coarsest", "第四粗的"),
    // Why a model can't be a backbone.
    ("it is on a server, and its file must be on this computer", "它位于服务器上，而文件必须在本机"),
    (
        "its graph has no fully connected layer, no pooling and no feature map",
        "其计算图中没有全连接层、池化或特征图",
    ),
    ("none of its tensors lies over the picture", "没有与画面对应的张量"),
    ("its embedding has {} numbers instead of {}", "其嵌入有 {0} 个数，而不是 {1} 个"),
    ("its shape is {}, and an embedding has {} to {} numbers", "其形状为 {0}，而嵌入应有 {1} 到 {2} 个数"),
    ("the graph has no such tensor", "计算图中没有这个张量"),
    ("a temporary file can't be written: {}", "无法写入临时文件：{0}"),
    ("besides the image it needs {}", "除图片外它还需要 {0}"),
    ("its embedding doesn't come from the image “{}”", "其嵌入不是由图片“{0}”得出的"),
    ("no operation of its graph gives the tensor “{}”", "计算图中没有给出张量“{0}”的运算"),
    ("it has no graph", "它没有计算图"),
    (
        "its operator set {} is older than {}, the oldest that a head can be joined to",
        "其算子集版本 {0} 早于 {1}，无法接上分类头",
    ),
    ("its weights in “{}” can't be read: {}", "无法读取“{0}”中的权重：{1}"),
    ("its weights in “{}” are cut short", "“{0}”中的权重不完整"),
    ("it wants to read its weights from outside its own folder", "它试图从自身文件夹之外读取权重"),
    (
        "it would be larger than 2 GB, the most that an ONNX file can hold",
        "它将超过 2 GB，而 ONNX 文件最多只能容纳这么多",
    ),
    // Why there is no head or no file.
    ("there are fewer than two classes", "少于两个类别"),
    ("the embeddings differ in length", "嵌入的长度不一致"),
    ("the embeddings hold numbers beyond all measure", "嵌入中含有过大的数"),
    ("the embedding of “{}” holds what is no number", "“{0}”的嵌入中含有非数值"),
    ("C must be a number above zero", "C 必须是大于零的数"),
    (
        "the written file isn't recognised as a classifier with these classes",
        "写出的文件未被识别为含有这些类别的分类模型",
    ),
    ("it runs on no image", "它无法在任何图片上运行"),
    // Projects.
    ("the folder isn't empty", "文件夹不为空"),
    ("it isn't a folder", "它不是文件夹"),
    ("all names are taken", "所有名称均已被占用"),
    ("c must be a number above zero", "c 必须是大于零的数"),
    ("a class has no name", "有一个类别没有名称"),
    ("there are two classes “{}”", "有两个类别“{0}”"),
    (
        "the folder “{}” of a class isn't one in the project's own folder",
        "类别的文件夹“{0}”不在项目自己的文件夹中",
    ),
    (
        "a newer Sightline wrote it (format {}; this one reads {})",
        "它由更新版本的 Sightline 写入（格式 {0}；此版本读取 {1}）",
    ),
    (
        "The folder “{}” is a link and isn't followed: copy it into the project.",
        "文件夹“{0}”是链接，不会跟随：请将它复制到项目中。",
    ),
    ("The folder “{}” of the class “{}” is missing.", "类别“{1}”的文件夹“{0}”不存在。"),
    (
        "The folder “{}” isn't in teach.toml yet; it counts as a class.",
        "文件夹“{0}”尚未列入 teach.toml；它算作一个类别。",
    ),
];
