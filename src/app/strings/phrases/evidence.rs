//! The evidence of an identification, family by family.

type Phrases = &'static [(&'static str, &'static str)];

pub(super) const PHRASES: Phrases = &[
    // Labels.
    ("class names in metadata", "元数据中有类别名称"),
    ("action names in metadata", "元数据中有动作名称"),
    ("the file names no classes", "文件中没有类别名称"),
    ("the file names no actions", "文件中没有动作名称"),
    ("the file names no classes: taken for {}", "文件中没有类别名称：按 {0} 处理"),
    ("{} classes of small images: taken for {}", "小尺寸图像，{0} 个类别：按 {1} 处理"),
    ("{} classes: taken for {}", "{0} 个类别：按 {1} 处理"),
    ("COCO's", "COCO"),
    ("COCO's own ids", "COCO 的原始编号"),
    ("Pascal VOC's", "Pascal VOC"),
    ("Pascal VOC's with the background", "带背景类的 Pascal VOC"),
    ("Cityscapes'", "Cityscapes"),
    ("ImageNet's after a background", "首位为背景类的 ImageNet"),
    ("ImageNet's; PP-YOLOE+ takes plain 0 to 1", "ImageNet 的均值与标准差；PP-YOLOE+ 使用 0 到 1"),
    ("ImageNet's", "ImageNet"),
    ("CIFAR-10's", "CIFAR-10"),
    ("CIFAR-100's", "CIFAR-100"),
    ("Kinetics-400's actions", "Kinetics-400 动作"),
    // How images are prepared.
    ("{} beside the file says how its images are prepared", "由模型旁的 {0} 得知图像的预处理方式"),
    (
        "the file’s name says {}: images are prepared as {} does for it",
        "文件名表明是 {0}：按 {1} 的方式预处理图像",
    ),
    // Values.
    ("the file doesn't tell the range of its values: taken for {}", "文件没有说明数值范围：按 {0} 处理"),
    ("0 to 1", "0 到 1"),
    ("0 to 255", "0 到 255"),
    ("−1 to 1", "−1 到 1"),
    ("0 to 1, as MiDaS has it", "0 到 1（与 MiDaS 相同）"),
    ("0 to 255, as fast neural style has it", "0 到 255（与快速风格迁移相同）"),
    ("−1 to 1, as MODNet has it", "−1 到 1（与 MODNet 相同）"),
    ("−1 to 1, as TensorFlow's networks have it", "−1 到 1（与 TensorFlow 的网络相同）"),
    ("RGB in 0 to 1, letterboxed", "RGB、0 到 1、等比缩放填充"),
    ("Caffe's mean, blue first, as the input's name suggests", "Caffe 的均值、蓝色在前（依据输入名称）"),
    (
        "(byte − 127) / 128, as TensorFlow's networks have it",
        "（字节值 − 127）/ 128（与 TensorFlow 的网络相同）",
    ),
    ("ImageNet's mean and deviation", "ImageNet 的均值与标准差"),
    ("CIFAR-10's mean and deviation", "CIFAR-10 的均值与标准差"),
    ("CIFAR-100's mean and deviation", "CIFAR-100 的均值与标准差"),
    (
        "ImageNet's mean and deviation, as torchvision has it",
        "ImageNet 的均值与标准差（与 torchvision 相同）",
    ),
    (
        "it takes bytes, or its first step scales them itself: 0 to 255",
        "输入为字节，或第一步自行缩放：0 到 255",
    ),
    ("its last step is a tanh: values from −1 to 1", "最后一步是 tanh：数值为 −1 到 1"),
    ("values from −1 to 1, as generators have them", "数值为 −1 到 1（与生成器相同）"),
    ("its last step bounds the values: taken for 0 to 1", "最后一步限制了数值：按 0 到 1 处理"),
    (
        "probe runs give {} to {} for an input of −1 to 1, and {} to {} for one of 0 to 255: it works in {}",
        "试运行：输入 −1 到 1 时输出 {0} 到 {1}，输入 0 到 255 时输出 {2} 到 {3}：数值范围为 {4}",
    ),
    (
        "in probe runs the output follows the input's range: taken for {}",
        "试运行中输出随输入范围变化：按 {0} 处理",
    ),
    ("the file leaves sizes open: the shapes are those of a probe run", "文件未固定尺寸：形状来自一次试运行"),
    ("the file leaves the number of rows open: a run must tell", "文件未固定行数：需运行后确定"),
    // Choices of the user.
    ("chosen by hand: {}", "手动选择：{0}"),
    ("task", "任务"),
    ("layout", "张量布局"),
    ("colour order", "颜色顺序"),
    ("resampling", "重采样"),
    ("value range", "数值范围"),
    ("fit", "缩放方式"),
    ("anchors", "锚框"),
    ("labels", "类别名称"),
    ("“{}” cuts the person out", "由“{0}”抠出人物"),
    ("“{}” finds the skeletons", "由“{0}”检测骨架"),
    // Families, each after the shape of its output.
    (
        "output {}: 4 box values, {} classes{} an anchor, no objectness; NMS needed",
        "输出 {0}：每个锚点有 4 个框值、{1} 个类别{2}，没有目标置信度；需要 NMS",
    ),
    (
        "output {}: 4 box values and {} classes an anchor, no objectness: YOLOv8's head or its kin (v9, 11, 12)",
        "输出 {0}：每个锚点有 4 个框值和 {1} 个类别，没有目标置信度：YOLOv8 或同类（v9、11、12）的输出头",
    ),
    (
        "output {}: final rows of box, score, class{}; no NMS needed",
        "输出 {0}：每行为最终的框、分数、类别{1}；无需 NMS",
    ),
    ("output {}: {} scores for every pixel of the input", "输出 {0}：输入的每个像素有 {1} 个分数"),
    ("output {}: {}", "输出 {0}：{1}"),
    (" and {} mask coefficients", "和 {0} 个掩膜系数"),
    (" and {} keypoints of {} values", "和 {0} 个关键点（各 {1} 个值）"),
    (" and an angle", "和一个角度"),
    ("a probability a class", "每个类别一个概率"),
    ("a class for every pixel", "每个像素一个类别"),
    ("metres for every pixel", "每个像素的距离（米）"),
    ("one score a class for the whole image", "整幅图像每个类别一个分数"),
    ("4 box values and the classes an anchor, no objectness", "每个锚点有 4 个框值和各类别，没有目标置信度"),
    (
        "box, objectness and the classes a row; score = objectness × class",
        "每行为框、目标置信度和各类别；分数 = 目标置信度 × 类别",
    ),
    (
        "metadata: task {}, {} names: written by Ultralytics' exporter",
        "元数据：任务 {0}，{1} 个名称：由 Ultralytics 导出",
    ),
    (
        "few rows of six: x1 y1 x2 y2 score class of an end-to-end head (YOLOv10, YOLO26); no NMS needed",
        "少量 6 列的行：端到端输出头（YOLOv10、YOLO26）的 x1 y1 x2 y2、分数、类别；无需 NMS",
    ),
    ("metadata written by Ultralytics' exporter", "元数据由 Ultralytics 导出"),
    (
        "a row a query, box in parts of the image and scores: RT-DETR; no NMS needed",
        "每个查询一行，含相对图像的框和分数：RT-DETR；无需 NMS",
    ),
    (
        "the image's size as a second input, and final labels, boxes and scores: RT-DETR, D-FINE or DEIM; no NMS needed",
        "第二个输入是图像尺寸，输出最终的类别、框和分数：RT-DETR、D-FINE 或 DEIM；无需 NMS",
    ),
    (
        "outputs “dets” and “labels”: queries with logits of RF-DETR; no NMS needed",
        "输出“dets”和“labels”：RF-DETR 的查询与 logits；无需 NMS",
    ),
    ("a third output: masks", "第三个输出：掩膜"),
    (
        "metadata: stride and names, no task: written by YOLOv5's exporter",
        "元数据有 stride 和 names，没有 task：由 YOLOv5 导出",
    ),
    (
        "metadata: stride and names, no task, no objectness: written by YOLOv9's exporter",
        "元数据有 stride 和 names，没有 task，也没有目标置信度：由 YOLOv9 导出",
    ),
    ("two heads: the second is the main one", "两个输出头：第二个是主输出头"),
    (
        "one anchor a cell and an output named “outputs”: YOLOv6, whose objectness is 1",
        "每格一个锚点，输出名为“outputs”：YOLOv6，其目标置信度恒为 1",
    ),
    ("a probe run gives an objectness of 1 everywhere: YOLOv6", "试运行中目标置信度恒为 1：YOLOv6"),
    (
        "batch, box, class and score a row: YOLOv7 with --end2end --max-wh; no NMS needed",
        "每行为批次、框、类别和分数：以 --end2end --max-wh 导出的 YOLOv7；无需 NMS",
    ),
    (
        "three anchors a cell and no metadata: YOLOv7 --grid (YOLOv5 reads the same)",
        "每格三个锚框，没有元数据：以 --grid 导出的 YOLOv7（YOLOv5 的读法相同）",
    ),
    (
        "raw maps of three anchors a cell: YOLOv7 without --grid",
        "每格三个锚框的原始特征图：未用 --grid 导出的 YOLOv7",
    ),
    ("four maps: the anchors of the P6 models", "四个特征图：使用 P6 模型的锚框"),
    (
        "the file doesn't hold the anchors' sizes (a sidecar may): few weights: those of YOLOv7-tiny",
        "文件中没有锚框尺寸（可写在配置文件中）：权重较少，按 YOLOv7-tiny 处理",
    ),
    (
        "the file doesn't hold the anchors' sizes (a sidecar may): many weights: those of YOLOv7",
        "文件中没有锚框尺寸（可写在配置文件中）：权重较多，按 YOLOv7 处理",
    ),
    (
        "one row an anchor with box, objectness and classes: YOLOX",
        "每个锚点一行，含框、目标置信度和类别：YOLOX",
    ),
    (
        "no metadata; one anchor a cell (YOLOv5 and v7 have three)",
        "没有元数据；每格一个锚点（YOLOv5 和 v7 有三个）",
    ),
    (
        "a probe run gives boxes in pixels: decoded inside the network",
        "试运行输出以像素为单位的框：已在网络内解码",
    ),
    (
        "a probe run gives boxes as offsets in their cells: decoded here",
        "试运行输出格内偏移：由 Sightline 解码",
    ),
    (
        "one raw map at stride 32, five anchors a cell: YOLOv2",
        "一个步长 32 的原始特征图，每格五个锚框：YOLOv2",
    ),
    (
        "made from Core ML, which scales inside: it takes 0 to 255",
        "由 Core ML 转换，内部自行缩放：输入为 0 到 255",
    ),
    (
        "the image's size as a second input, “image_shape”; boxes, scores and kept indices: YOLOv3 of the model zoo",
        "第二个输入“image_shape”是图像尺寸；输出框、分数和保留的索引：Model Zoo 的 YOLOv3",
    ),
    ("outputs “boxes” {} and “confs”", "输出“boxes”{0} 和“confs”"),
    (
        "boxes in parts of the image and confidences, objectness multiplied in: YOLOv4 of Tianxiaomo; NMS needed",
        "相对图像的框和置信度（已乘目标置信度）：Tianxiaomo 的 YOLOv4；需要 NMS",
    ),
    (
        "channels last, three maps of three anchors a cell: YOLOv4 of the model zoo",
        "通道在后，三个特征图，每格三个锚框：Model Zoo 的 YOLOv4",
    ),
    (
        "takes bytes in planes, as super-gradients exports it",
        "输入为按平面排列的字节，与 super-gradients 的导出相同",
    ),
    (
        "one table of batch, box, score, class (flat format); no NMS needed",
        "一张批次、框、分数、类别的表（flat 格式）；无需 NMS",
    ),
    ("boxes, then scores, a row an anchor; NMS needed", "先框后分数，每个锚点一行；需要 NMS"),
    (
        "count, boxes, scores and classes (batch format); no NMS needed",
        "数量、框、分数和类别（batch 格式）；无需 NMS",
    ),
    (
        "an input “scale_factor”: a detector of PaddleDetection, rows of class, score and box; no NMS needed",
        "有输入“scale_factor”：PaddleDetection 的检测器，每行为类别、分数和框；无需 NMS",
    ),
    (
        "scores, then boxes, a row an anchor: DAMO-YOLO, which takes 0 to 255; NMS needed",
        "先分数后框，每个锚点一行：DAMO-YOLO，输入为 0 到 255；需要 NMS",
    ),
    (
        "classes and 4×8 distances a cell over strides 8 to 64: NanoDet-Plus",
        "步长 8 到 64，每格有各类别和 4×8 个距离：NanoDet-Plus",
    ),
    (
        "a tensor of scores and one of 4×8 distances for each stride: NanoDet",
        "每个步长有一个分数张量和一个 4×8 距离张量：NanoDet",
    ),
    (
        "one map at stride 16 with objectness, box and classes in its channels: FastestDet",
        "一个步长 16 的特征图，通道为目标置信度、框和类别：FastestDet",
    ),
    (
        "outputs “detection_boxes” and “detection_scores”: TensorFlow's object detection with NMS inside",
        "输出“detection_boxes”和“detection_scores”：内置 NMS 的 TensorFlow 目标检测",
    ),
    (
        "final boxes, scores and classes in outputs of their own; no NMS needed",
        "最终的框、分数和类别各为一个输出；无需 NMS",
    ),
    (
        "four maps of 1, 2, 2 and 10 channels at a quarter of the input: heat, scale, offset and landmarks of CenterFace",
        "四个特征图，通道数为 1、2、2、10，尺寸为输入的四分之一：CenterFace 的热图、尺度、偏移和关键点",
    ),
    (
        "every layer is a convolution: it takes any size, whatever the file says",
        "每一层都是卷积：无论文件如何标注，都接受任意尺寸",
    ),
    (
        "two scores (background, face) and a box a row: UltraFace; NMS needed",
        "每行两个分数（背景、人脸）和一个框：UltraFace；需要 NMS",
    ),
    (
        "class, objectness, box and five landmarks a cell at strides 8, 16 and 32: YuNet; NMS needed",
        "步长 8、16、32，每格有类别、目标置信度、框和五个关键点：YuNet；需要 NMS",
    ),
    (
        "raw maps of three anchors a cell and 16 values each (box, objectness, five landmarks, class): YOLOv5-face",
        "原始特征图，每格三个锚框、各 16 个值（框、目标置信度、五个关键点、类别）：YOLOv5-face",
    ),
    (
        "three anchors a cell and 16 values each (box, objectness, five landmarks, class): YOLOv5-face",
        "每格三个锚框、各 16 个值（框、目标置信度、五个关键点、类别）：YOLOv5-face",
    ),
    (
        "17 keypoints, box and score for each of six people: MoveNet, which takes 0 to 255",
        "六个人各有 17 个关键点、框和分数：MoveNet，输入为 0 到 255",
    ),
    (
        "17 keypoints of one person: MoveNet, which takes 0 to 255",
        "一个人的 17 个关键点：MoveNet，输入为 0 到 255",
    ),
    (
        "an input of five axes ({}: coordinates, frames, joints, people): ST-GCN, which reads the skeletons that a pose model finds",
        "五维输入（{0}：坐标、帧、关节点、人物）：ST-GCN，读取姿态模型检测的骨架",
    ),
    ("17 joints: COCO's", "17 个关节点：COCO"),
    (
        "18 joints: OpenPose's, the neck in the middle of the shoulders",
        "18 个关节点：OpenPose，颈部取两肩中点",
    ),
    (
        "25 joints: those of NTU RGB+D, measured in three dimensions; here flat, and hands and feet where wrists and ankles are",
        "25 个关节点：NTU RGB+D，原为三维测量；此处为平面，手和脚取手腕和脚踝的位置",
    ),
    (
        "an image goes in and one {} times as wide and high comes out ({})",
        "输入图像，输出宽高各为 {0} 倍的图像（{1}）",
    ),
    ("an image goes in and an image of the same size comes out ({})", "输入图像，输出同样尺寸的图像（{0}）"),
    (
        "one value a pixel comes out ({}); its last step bounds it to 0 to 1: a matte",
        "每个像素输出一个值（{0}），最后一步将其限制在 0 到 1：抠图蒙版",
    ),
    (
        "channels last: MediaPipe's selfie segmentation, which takes 0 to 1",
        "通道在后：MediaPipe 的 selfie segmentation，输入为 0 到 1",
    ),
    (
        "several mattes, the first the best: U²-Net, which takes ImageNet's mean and deviation",
        "多个蒙版，第一个最好：U²-Net，使用 ImageNet 的均值与标准差",
    ),
    (
        "inputs r1i to r4i and downsample_ratio: Robust Video Matting, whose state goes from frame to frame",
        "有输入 r1i 到 r4i 和 downsample_ratio：Robust Video Matting，状态逐帧传递",
    ),
    (
        "one value a pixel comes out ({}); nothing bounds it, or it has no axis of channels: depth",
        "每个像素输出一个值（{0}），没有上限或没有通道维：深度",
    ),
    (
        "its first step scales bytes itself: it takes 0 to 255, as TCMonoDepth",
        "第一步自行缩放字节：输入为 0 到 255，与 TCMonoDepth 相同",
    ),
    (
        "sides of whole 14-pixel patches, or an output named depth: Depth Anything, which takes ImageNet's mean and deviation",
        "边长为 14 像素的整数倍，或输出名为 depth：Depth Anything，使用 ImageNet 的均值与标准差",
    ),
];
