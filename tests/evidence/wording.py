"""What the page says, in English and in Chinese; {names} are filled in with figures."""

from typing import Literal, NamedTuple, TypeAlias

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Text(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str


TEXTS: dict[str, Text] = {
    # names
    "peeking": Text("Peeking", "逐次偷看"),
    "fixed": Text("Fixed horizon", "固定期限"),
    "obrien-fleming": Text("O'Brien–Fleming", "O'Brien–Fleming"),
    "pocock": Text("Pocock", "Pocock"),
    "always-valid": Text("Always-valid", "随时有效"),
    "peeking.what": Text(
        "the ordinary 5 % test, read at every checkpoint, stopped at the first p ≤ 0.05",
        "普通的 5 % 检验，每个检查点都看一次，首次 p ≤ 0.05 即停",
    ),
    "fixed.what": Text(
        "the ordinary 5 % test, read once, at the last checkpoint",
        "普通的 5 % 检验，只在最后一个检查点看一次",
    ),
    "obrien-fleming.what": Text(
        "group-sequential: 5 % spent over the checkpoints, hardly any of it early (Lan–DeMets)",
        "成组序贯：5 % 分摊到各检查点，早期几乎不花（Lan–DeMets）",
    ),
    "pocock.what": Text(
        "group-sequential: 5 % spent over the checkpoints, nearly evenly (Lan–DeMets)",
        "成组序贯：5 % 近乎均匀地分摊到各检查点（Lan–DeMets）",
    ),
    "always-valid.what": Text(
        "a confidence sequence, which may be read at any time without a plan (Waudby-Smith et al. 2024)",
        "置信序列，无需计划、随时可看（Waudby-Smith 等，2024）",
    ),
    "arriving": Text("complete when counted", "计入时结果已完整"),
    "accruing": Text("still accruing", "计入后仍在累积"),
    "flipped": Text("observed steps, signs dealt", "实际步长，随机正负号"),
    # head
    "language": Text("en", "zh-Hans-CN"),
    "other": Text("中文", "English"),
    "title": Text(
        "Looking at every checkpoint: an ordinary test finds {peeking} of {series} real comparisons, "
        "of which {standing} last to the end",
        "每个检查点都看：普通检验在 {series} 个真实比较中发现了 {peeking} 个，到最后仍成立的只有 {standing} 个",
    ),
    "lead": Text(
        "What five rules of reading find in {experiments} online experiments that were really run: {treatments} "
        "treatments on four metrics, {series} series of cumulative means, read at {checkpoints} checkpoints. "
        "{missing} series lack their variances and can be found by no rule.",
        "在 {experiments} 个真实运行过的线上实验中，五种查看规则各能发现什么：{treatments} 个处理、四项指标、"
        "{series} 条累积均值序列，共 {checkpoints} 个可读的检查点。其中 {missing} 条缺少方差，任何规则都无法判定。",
    ),
    # found
    "found.title": Text(
        "Peeking finds {peeking} series; {gone} of them are no longer significant at the last checkpoint",
        "逐次偷看发现 {peeking} 条序列，其中 {gone} 条在最后一个检查点已不再显著",
    ),
    "found.reading": Text(
        "A series counts as found at the first checkpoint at which its rule says stop. It stands when the ordinary "
        "test, read once at the last checkpoint, agrees; it has turned when the difference there has the other sign. "
        "Under the planned and the always-valid rules, too, some findings do not stand, and more of them than the "
        "false alarms below would explain: the differences themselves changed, since users go on buying after they "
        "are counted. No figure here is corrected for the number of series: {chance:.0f} of {readable} would be "
        "found at 5 % with no effect anywhere.",
        "序列在其规则首次要求停止的检查点被记为“发现”。若最后一个检查点上只看一次的普通检验也显著，则记为“成立”；"
        "若那时差值已变号，则记为“反转”。计划性规则与随时有效规则的发现也有一部分不成立，"
        "而且多于下文的误报所能解释：差值本身变了，因为用户被计入之后还在继续购买。这里的数字都没有按序列个数校正：即使处处没有效应，"
        "按 5 % 也会在 {readable} 条中发现约 {chance:.0f} 条。",
    ),
    "found.axis": Text("series found", "发现的序列数"),
    "stands": Text("stands at the last checkpoint", "最后仍成立"),
    "gone": Text("does not", "最后不成立"),
    "col.rule": Text("Rule", "规则"),
    "col.what": Text("How it is read", "怎样看"),
    "col.found": Text("Found", "发现"),
    "col.stands": Text("Stand", "成立"),
    "col.gone": Text("Do not stand", "不成立"),
    "col.turned": Text("Turned", "反转"),
    # alarms
    "alarms.title": Text(
        "Where there is nothing, peeking alarms in {low:.0f} to {high:.0f} of 100 series; the rules made for looking "
        "in at most {most:.0f}",
        "在毫无效应之处，逐次偷看每 100 条序列误报 {low:.0f} 至 {high:.0f} 条；"
        "为反复查看而设计的规则至多 {most:.0f} 条",
    ),
    "alarms.reading": Text(
        "The same checkpoints without any effect, {runs} times for each of the {readable} series, in three ways. "
        "“Complete when counted” draws what the sequential rules assume: a user's outcome is known when the user is "
        "counted; they keep to 5 %. “Still accruing” lets users go on after they are counted, as these users did, so "
        "that chance accrues by the variance of the totals: planned boundaries then exceed 5 % somewhat. The third "
        "deals random signs to the steps that were observed. Hence a rule of this house: only matured calls, "
        "whose window has closed, enter a look. Peeking would fare worse still had the first checkpoint not come late: "
        "half of the series begin at {first:.0f} % of their users or more.",
        "在同样的检查点上、没有任何效应的情形，{readable} 条序列各模拟 {runs} 次，共三种方式。"
        "“计入时结果已完整”即序贯规则的假设："
        "用户被计入时结果已知；此时各规则守住 5 %。“计入后仍在累积”让用户在计入后继续产生结果（这些用户正是如此），"
        "随机性按总量的方差累积：计划的边界此时略超 5 %。第三种给实际观察到的步长随机指定正负号。"
        "因此本系统规定：只有窗口已关闭、结果已成熟的通话才进入分析。若首个检查点来得更早，偷看的误报还会更多："
        "一半的序列开始时已有至少 {first:.0f} % 的用户。",
    ),
    "alarms.axis": Text("false alarms, % of series", "误报，占序列的 %"),
    # later
    "later.title": Text(
        "Being right costs days: {obrien:.1f} more in the median by O'Brien–Fleming, {always:.1f} by always-valid, "
        "{fixed:.0f} by waiting for the end",
        "稳妥要花时间：中位数上 O'Brien–Fleming 晚 {obrien:.1f} 天，随时有效晚 {always:.1f} 天，"
        "等到最后则晚 {fixed:.0f} 天",
    ),
    "later.reading": Text(
        "How much later than peeking's first crossing a rule finds a series, among those that both find: medians "
        "(points) and quartiles (bars). The rules find different series, the easier ones sooner; a short delay is no "
        "merit by itself.",
        "在两者都发现的序列中，该规则比逐次偷看的首次越界晚多少：中位数（点）与四分位数（条）。"
        "各规则发现的序列不同，容易的发现得早；晚得少本身并不说明规则更好。",
    ),
    "later.days": Text("days later", "晚的天数"),
    "later.share": Text("later, % of the sample", "晚的样本量，占样本的 %"),
    "col.both": Text("Found by both", "两者都发现"),
    "col.days": Text("Days later: median (quartiles)", "晚的天数：中位数（四分位数）"),
    "col.share": Text("Share of sample later: median (quartiles)", "晚的样本比例：中位数（四分位数）"),
    # when
    "when.title": Text(
        "With half of the sample, O'Brien–Fleming has found {obrien} series, always-valid {always}; "
        "peeking had {peeking}",
        "样本过半时，O'Brien–Fleming 已发现 {obrien} 条，随时有效 {always} 条；逐次偷看则有 {peeking} 条",
    ),
    "when.reading": Text(
        "Series found by then, over the share of the last checkpoint's users. The fixed horizon finds all of its own "
        "at the end.",
        "横轴为用户数占最后检查点的比例，纵轴为到那时为止发现的序列数。固定期限的发现全部在最后。",
    ),
    "when.axis": Text("% of the sample", "占样本的 %"),
    "when.count": Text("series found", "发现的序列数"),
    # one
    "one.title": Text(
        "One series: past 1.96 on day {day:g}, back to {end:.2f} standard errors at the end",
        "一条序列：第 {day:g} 天越过 1.96，最后回到 {end:.2f} 个标准误",
    ),
    "one.reading": Text(
        "Experiment {experiment}, variant {variant}, metric {metric}: of the series that peeking alone finds and that "
        "end within one standard error of zero, the one with the most checkpoints. A rule stops where the black line "
        "meets its limit.",
        "实验 {experiment}，变体 {variant}，指标 {metric}：在只有逐次偷看发现、且最终距零不到一个标准误的序列中，"
        "检查点最多的一条。黑线碰到某规则的界值，该规则即停止。",
    ),
    "one.axis": Text("days since the start", "开始后的天数"),
    "one.z": Text("|difference| in standard errors", "差值绝对值（以标准误计）"),
    "one.path": Text("the series", "该序列"),
    "col.day": Text("Day", "天"),
    "col.users": Text("% of users", "用户 %"),
    "col.z": Text("|z|", "|z|"),
    # method
    "method.title": Text("Choices that these figures rest on", "这些数字所依据的选择"),
    "method": Text(
        "The difference of means over its unpooled standard error is compared with normal quantiles; a checkpoint "
        "without variances, or with a variance of 0 in both arms, is not read.\n"
        "Information is users so far per users at the last checkpoint, both arms together, as if the last "
        "checkpoint's number had been planned. A real plan has to guess it.\n"
        "Group-sequential looks are the checkpoints themselves: the last one, and each before it that adds at least "
        "0.1 % of information; checkpoints with more users than the last are passed over. Boundaries are two-sided, "
        "alpha is 5 % on each series.\n"
        "The confidence sequence is sharpest at the last checkpoint's number of users (planned_n), the same foresight "
        "that the group-sequential plans have; it excludes zero or it does not, and nothing is spent.\n"
        "Series of one experiment share users, and those of one metric share controls: the {series} series are not "
        "independent, and their numbers are told without intervals.\n"
        "What the experiments tested is not published. A series that no longer is significant at the end may have had "
        "an effect that faded; that peeking found it is not proof that it was chance.",
        "均值之差除以不合并方差的标准误，与正态分位数比较；缺少方差、或两组方差都为 0 的检查点不读。\n"
        "信息量 = 到目前为止的用户数 ÷ 最后一个检查点的用户数（两组合计），"
        "就好像最后的数目是事先计划的。真实计划只能预估它。\n"
        "成组序贯的查看点就是检查点本身：最后一个，以及此前每个至少增加 0.1 % 信息量的检查点；"
        "用户数多于最后一个的检查点略过。"
        "边界为双侧，每条序列的 alpha 为 5 %。\n"
        "置信序列在最后一个检查点的用户数（planned_n）处最窄，与成组序贯计划享有同样的预知；"
        "它要么排除零，要么不排除，不消耗 alpha。\n"
        "同一实验的序列共享用户，同一指标的序列共享对照：{series} 条序列并不独立，因此数字不附区间。\n"
        "实验测试了什么并未公布。最后不再显著的序列可能有过后来消退的效应；逐次偷看发现了它，不等于那就是偶然。",
    ),
    "rebuild": Text("Rebuilt by: make evidence", "重建命令：make evidence"),
    "source": Text(
        "Data: ASOS Digital Experiments Dataset, C. H. B. Liu, Â. Cardoso, P. Couturier and E. J. McCoy, “Datasets for "
        "Online Controlled Experiments”, NeurIPS 2021 Datasets and Benchmarks, arXiv:2111.10198; "
        "https://osf.io/64jsb/. Licence: Creative Commons Attribution 4.0 International (CC BY 4.0), "
        "https://creativecommons.org/licenses/by/4.0/. Changed: only sums over checkpoints are shown, and one series.",
        "数据：ASOS Digital Experiments Dataset，C. H. B. Liu、Â. Cardoso、P. Couturier、E. J. McCoy，“Datasets for "
        "Online Controlled Experiments”，NeurIPS 2021 Datasets and Benchmarks，arXiv:2111.10198；https://osf.io/64jsb/。"
        "许可：知识共享署名 4.0 国际（CC BY 4.0），https://creativecommons.org/licenses/by/4.0/。"
        "改动：只展示各检查点的汇总以及一条序列。",
    ),
}


def say(language: Language, key: str, **figures: object) -> str:
    """Give a text in a language, its figures filled in.

    Raises:
        KeyError: There is no such text, or a figure is missing.
    """
    text: str = getattr(TEXTS[key], language)
    return text.format(**figures)
