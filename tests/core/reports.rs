//! The full report of records: every cell is the record's, as HTML, LaTeX and Markdown, whatever names are in it.

use oodbench::metric::{PROCEDURES, openood};
use oodbench::report::full::{Drawn, Rendered, Report, RunPlots};
use oodbench::stats::spread::mean_and_std;
use oodbench::table::{Board, Overview, Record, Remark, Verdict};

/// `networks` losses with three seeds each, five scores, two groups of sets; every value another one.
fn records(losses: &[&str]) -> Vec<Record> {
    let mut all = Vec::new();
    for (l, loss) in losses.iter().enumerate() {
        for seed in 1..=3_u64 {
            for (s, score) in ["mds", "es", "mps", "knn", "max_logit"].into_iter().enumerate() {
                for (o, (group, ood)) in
                    [("near", "tin"), ("near", "cifar100"), ("far", "svhn"), ("far", "lsun")].into_iter().enumerate()
                {
                    for metric in openood::PROCEDURE.metrics {
                        let value = 0.95 - 0.07 * s as f64 - 0.013 * o as f64 - 0.021 * l as f64
                            + 0.0031 * (seed * (1 + s as u64) % 4) as f64;
                        all.push(Record {
                            run: format!("{loss}-{seed}"),
                            in_distribution: Some("CIFAR10".to_owned()),
                            ood: ood.to_owned(),
                            group: Some(group.to_owned()),
                            score: score.to_owned(),
                            procedure: openood::PROCEDURE.id.to_owned(),
                            metric: metric.id.to_owned(),
                            value: Some(value),
                            model: Some("net".to_owned()),
                            loss: Some((*loss).to_owned()),
                            seed: Some(seed),
                            data: Some(format!("{loss}{seed}")),
                            ..Record::default()
                        });
                    }
                }
            }
        }
    }
    all
}

fn rendered(report: &Report) -> Rendered {
    report.rendered(&report.tables())
}

fn auroc(tables: &[Overview]) -> &Overview {
    tables.iter().find(|table| table.metric.id == "auroc").unwrap()
}

fn parsed(page: &str) -> roxmltree::Document<'_> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(page, options).unwrap()
}

/// "91.23 ± 0.31", as every format shows it.
fn shown(values: &[f64]) -> (String, String) {
    let spread = mean_and_std(values);
    (format!("{:.2}", spread.mean * 100.0), format!("{:.2}", spread.std * 100.0))
}

fn values(records: &[Record], score: &str, metric: &str, set: Option<&str>, loss: &str) -> Vec<f64> {
    let of = |seed: u64| {
        let own = records.iter().filter(|r| {
            r.score == score
                && r.metric == metric
                && r.seed == Some(seed)
                && r.loss.as_deref() == Some(loss)
                && set.is_none_or(|set| r.ood == set)
        });
        let found: Vec<f64> = own.filter_map(|record| record.value).collect();
        found.iter().sum::<f64>() / found.len() as f64
    };
    (1..=3).map(of).collect()
}

#[test]
fn every_cell_is_the_mean_of_its_records() {
    let all = records(&["a", "b"]);
    let report = Report::of(all.clone());
    let Rendered { html, latex, markdown, .. } = rendered(&report);
    let document = parsed(&html);
    let tables: Vec<_> =
        document.descendants().filter(|node| node.has_tag_name("table") && node.attribute("class").is_some()).collect();
    assert_eq!(tables.len(), openood::PROCEDURE.metrics.len());
    for (table, metric) in tables.iter().zip(openood::PROCEDURE.metrics) {
        let body = table.children().find(|node| node.has_tag_name("tbody")).unwrap();
        let rows: Vec<_> = body.children().filter(|node| node.has_tag_name("tr")).collect();
        assert_eq!(rows.len(), 10);
        for row in rows {
            let cells: Vec<_> = row.children().filter(|node| node.has_tag_name("td")).collect();
            let text = |cell: &roxmltree::Node<'_, '_>| {
                cell.descendants().filter_map(|n| n.text().filter(|_| n.is_text())).collect::<String>()
            };
            let (loss, score) = (text(&cells[0]).replace("net ", ""), text(&cells[1]));
            // tin, cifar100, their mean, svhn, lsun, their mean, the mean of all.
            for (cell, set) in
                [(2, Some("tin")), (3, Some("cifar100")), (5, Some("svhn")), (6, Some("lsun")), (8, None)]
            {
                let expected = values(&all, &score, metric.id, set, &loss);
                let (mean, std) = shown(&expected);
                assert!(
                    text(&cells[cell]).starts_with(&format!("{mean} ± {std}[")),
                    "{}: {mean} {std}",
                    text(&cells[cell])
                );
                let sorted_by: f64 = cells[cell].attribute("data-v").unwrap().parse().unwrap();
                assert!((sorted_by - 100.0 * mean_and_std(&expected).mean).abs() < 1e-9);
                assert!(latex.contains(&format!("{mean} & ")) && latex.contains(&std), "{mean} ± {std}");
                assert!(markdown.contains(&format!("{mean} ± {std} \\[")), "{mean} ± {std}");
            }
        }
    }
}

#[test]
fn what_is_not_significantly_worse_is_bold_and_nothing_else() {
    let all = records(&["a"]);
    let tables = Overview::all(&all, &openood::PROCEDURE, &[]);
    let auroc = tables.iter().find(|table| table.metric.id == "auroc").unwrap();
    let verdicts: Vec<Verdict> = auroc.trainings[0].lines.iter().map(|line| line.values[0].verdict).collect();
    // The seeds differ by 0.3 points, the scores by 7.
    assert_eq!(verdicts, [Verdict::Best, Verdict::Worse, Verdict::Worse, Verdict::Worse, Verdict::Worse]);
    let report = Report::of(all.clone());
    assert_eq!(rendered(&report).latex.matches("\\bfseries ").count(), 2 * 7 * openood::PROCEDURE.metrics.len());
    // Two scores that cannot be told apart.
    let mut level = all;
    for record in &mut level {
        if record.score == "es" {
            record.value = record.value.map(|value| value + 0.07);
        }
    }
    let tables = Overview::all(&level, &openood::PROCEDURE, &[]);
    let auroc = tables.iter().find(|table| table.metric.id == "auroc").unwrap();
    let of_all = |line: usize| auroc.trainings[0].lines[line].values.last().unwrap().is_marked();
    assert_eq!([of_all(0), of_all(1), of_all(2)], [true, true, false]);
    assert!(rendered(&Report::of(level)).lead.contains("Not significantly worse: "));
}

#[test]
fn the_page_is_whole_in_itself_and_the_same_every_time() {
    let mut report = Report::of(records(&["a", "b"]));
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><text>a</text></svg>".to_owned();
    report.plots = vec![RunPlots {
        run: "a-1".to_owned(),
        plots: vec![Drawn { svg, caption: "<ROC>".to_owned(), is_wide: false }],
    }];
    let page = rendered(&report).html;
    assert_eq!(page, rendered(&report).html);
    let document = parsed(&page);
    for node in document.descendants() {
        assert!(!["link", "img", "iframe", "object", "embed"].contains(&node.tag_name().name()), "{node:?}");
        for attribute in node.attributes() {
            assert!(!["href", "src", "srcset", "data", "action"].contains(&attribute.name()), "{attribute:?}");
        }
    }
    for outside in ["url(", "@import", "fetch(", "XMLHttpRequest", "import("] {
        assert!(!page.contains(outside), "{outside}");
    }
    let without_names = page.replace("http://www.w3.org/", "");
    assert!(!without_names.contains("http://") && !without_names.contains("https://"));
    assert!(page.len() < 120_000, "{}", page.len());
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("svg")).count(), 1);
}

#[test]
fn names_are_names_in_every_format() {
    let mut all = records(&["a"]);
    let awkward = "[x]<script>\\input{x}|_*&%$#~^\u{1}é中";
    for record in &mut all {
        record.run = format!("{awkward}{}", record.seed.unwrap());
        record.loss = Some(awkward.to_owned());
        record.ood = format!("{awkward}{}", record.ood);
        record.in_distribution = Some(awkward.to_owned());
    }
    let mut report = Report::of(all);
    report.warnings.push(Remark::of_run(awkward, awkward.to_owned()));
    report.command = Some(vec!["oodbench".to_owned(), awkward.to_owned()]);
    let Rendered { html: page, latex, markdown, .. } = rendered(&report);
    let document = parsed(&page);
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("script")).count(), 1);
    let body: Vec<&str> = latex.lines().filter(|line| !line.starts_with('%')).collect();
    let body = body.join("\n");
    assert!(!body.contains("\\input") && body.contains("\\textbackslash{}input\\{x\\}"), "{body}");
    // Behind \midrule a bracket would begin an option, and LaTeX would look for its end for ever.
    assert!(!body.contains("\n[") && body.contains("{[}x{]}$<$script"), "{body}");
    assert!(latex.chars().all(|letter| !letter.is_control() || letter == '\n'));
    assert!(markdown.contains("&lt;script&gt;\\\\input{x}\\|"));
}

#[test]
fn what_is_missing_stays_visible_and_is_in_no_mean() {
    let mut all = records(&["a"]);
    for record in &mut all {
        if record.score == "knn" && record.ood == "svhn" && record.seed == Some(2) {
            record.value = None;
            record.missing = Some("it needs ood/svhn/features.npy".to_owned());
        }
    }
    let tables = Overview::all(&all, &openood::PROCEDURE, &[]);
    let auroc = tables.iter().find(|table| table.metric.id == "auroc").unwrap();
    let knn = &auroc.trainings[0].lines[3];
    let labels: Vec<String> = auroc.columns.iter().map(|column| column.name()).collect();
    assert_eq!(
        labels,
        ["near/tin", "near/cifar100", "near/mean of 2", "far/svhn", "far/lsun", "far/mean of 2", "mean of 4"]
    );
    assert_eq!((knn.values[3].each.len(), knn.values[0].each.len(), knn.values[6].each.len()), (2, 3, 2));
    assert!(
        auroc.missing().iter().any(|line| line == "net a on far/svhn: the mean is over 2 of 3 seeds (knn)"),
        "{:?}",
        auroc.missing()
    );
    // It is not tested with those that are complete.
    assert_eq!((knn.values[3].verdict, knn.values[0].verdict), (Verdict::Untested, Verdict::Worse));
    assert!(rendered(&Report::of(all)).html.contains("the mean is over 2 of 3 seeds"));
}

#[test]
fn one_seed_and_one_set_are_said() {
    let one = |record: &Record| record.seed == Some(1) && record.ood == "svhn";
    let all: Vec<Record> = records(&["a"]).into_iter().filter(one).collect();
    let lead = rendered(&Report::of(all)).lead;
    assert!(lead.contains("has one OOD set only") && lead.contains("one run of each training only"), "{lead}");
    assert!(rendered(&Report::of(Vec::new())).lead.contains("No record"));
    let procedures: Vec<_> = Report::of(records(&["a"])).procedures();
    assert_eq!((procedures.len(), PROCEDURES.len() > 1), (1, true));
}

#[test]
fn a_board_ranks_by_complete_means_alone() {
    let mut all = records(&["a", "b"]);
    // The best score of the second training has no value on one set.
    all.retain(|record| !(record.score == "mds" && record.loss.as_deref() == Some("b") && record.ood == "lsun"));
    let boards = Board::all(&all, &openood::PROCEDURE);
    let board = boards.iter().find(|board| board.table.metric.id == "auroc").unwrap();
    let lines = board.lines();
    assert_eq!(lines.len(), 10);
    let (training, line, place) = lines[9];
    assert_eq!((training.name.as_str(), line.score.as_str(), place), ("net b", "mds", None));
    assert!(line.values.last().unwrap().value.is_none() && line.values[0].value.is_some());
    let first = lines[0].2.unwrap();
    assert_eq!((lines[0].1.score.as_str(), first.rank, first.low), ("mds", 1, 1));
    for (_, _, place) in &lines[..9] {
        let place = place.unwrap();
        assert!(place.low <= place.rank && place.rank <= place.high && place.is_tested, "{place:?}");
    }
    let page = oodbench::report::board::page(&all, &[]);
    parsed(&page);
    assert!(
        page.contains("1 of 10 entries has no rank") && page.contains("it has values on 3 of 4 OOD sets"),
        "{page}"
    );
    assert!(!page.contains("https://"));
}

#[test]
fn a_mean_over_fewer_seeds_is_neither_best_nor_bold() {
    let mut all = records(&["a"]);
    for record in all.iter_mut().filter(|record| record.score == "knn") {
        record.value = record.value.map(|value| value + 0.25).filter(|_| record.seed == Some(1));
        record.missing = record.value.is_none().then(|| "not scored".to_owned());
    }
    let tables = Overview::all(&all, &openood::PROCEDURE, &[]);
    let of_all = |score: usize| auroc(&tables).trainings[0].lines[score].values.last().unwrap();
    assert!(of_all(3).value > of_all(0).value);
    assert_eq!((of_all(3).is_marked(), of_all(0).verdict), (false, Verdict::Best));
    let Rendered { lead, html, latex, markdown } = rendered(&Report::of(all));
    assert!(
        lead.starts_with("CIFAR10: all, mean of 4 OOD sets: by AUROC the best of 4 scores is mds of net a ("),
        "{lead}"
    );
    assert!(!lead.contains("knn"), "{lead}");
    for (text, bold) in [(&html, "<b>"), (&latex, "\\bfseries"), (&markdown, "**")] {
        let is_row = |line: &&str| line.contains("<td>knn</td>") || line.contains("& knn &") || line.starts_with('|');
        let own: Vec<&str> = text.lines().filter(|line| line.contains("knn")).filter(is_row).collect();
        assert!(!own.is_empty() && own.iter().all(|line| !line.contains(bold)), "{own:?}");
    }
}

#[test]
fn a_set_on_which_the_best_mean_loses_is_named() {
    let mut all = records(&["a"]);
    all.retain(|record| record.score == "mds" || record.score == "es");
    for record in all.iter_mut().filter(|record| record.score == "es" && record.group.as_deref() == Some("far")) {
        record.value = record.value.map(|value| value + 0.09);
    }
    let lead = rendered(&Report::of(all)).lead;
    for part in [
        "the best of 2 scores is mds of net a (",
        "All others of this training are significantly worse: es. On 2 of its 4 sets it is significantly below another score of the training; \
         the best there: es (far/svhn, far/lsun).",
    ] {
        assert!(lead.contains(part), "{lead}");
    }
}

#[test]
fn many_tables_compile() {
    let losses: Vec<String> = (0..70).map(|number| format!("[x] {number}*")).collect();
    let mut all = records(&losses.iter().map(String::as_str).collect::<Vec<_>>());
    // Short tables are set fast.
    all.retain(|record| record.ood == "svhn");
    let latex = rendered(&Report::of(all)).latex;
    let count = |text: &str| latex.matches(text).count();
    assert!(count("\\begin{table}") > 60);
    assert_eq!(count("\\begin{table}"), count("\\end{table}\n\\clearpage\n"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tables.tex"), &latex).unwrap();
    let compiled = std::process::Command::new("pdflatex")
        .args(["-interaction=nonstopmode", "-halt-on-error", "tables.tex"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .status();
    // Without LaTeX its text alone is checked.
    if let Ok(status) = compiled {
        assert!(status.success());
    }
}

#[test]
fn intervals_have_the_level_of_the_records() {
    let mut all = records(&["a"]);
    for record in &mut all {
        record.level = Some(0.5);
        record.low = record.value.map(|value| value - 0.01);
        record.high = record.value.map(|value| value + 0.01);
    }
    let tables = Overview::all(&all, &openood::PROCEDURE, &[]);
    let value = &auroc(&tables).trainings[0].lines[0].values[0];
    let interval = value.interval.unwrap();
    // The quantile of Student's t with two degrees of freedom at 3/4 is √(2/3).
    let half = (2.0_f64 / 3.0).sqrt() * value.std.unwrap() / 3.0_f64.sqrt();
    assert!((interval.high - interval.low - 2.0 * half).abs() < 1e-9, "{interval:?} {half}");
    assert!(rendered(&Report::of(all.clone())).markdown.contains("its 50 % interval by Student's t"));
    all.retain(|record| record.seed == Some(1));
    let markdown = rendered(&Report::of(all)).markdown;
    assert!(markdown.contains("its 50 % bootstrap interval") && !markdown.contains("95 % interval"), "{markdown}");
}

#[test]
fn each_board_says_who_has_no_rank() {
    let mut all = records(&["a", "b"]);
    let other =
        records(&["a"]).into_iter().map(|record| Record { in_distribution: Some("CIFAR100".to_owned()), ..record });
    // No score has a value of every seed on one set.
    all.extend(other.filter(|record| record.ood != "lsun" || record.seed == Some(1)));
    let page = oodbench::report::board::page(&all, &["a note".to_owned()]);
    let section = |set: &str| {
        let from = page.find(&format!("<h2>{set}</h2>")).unwrap();
        page[from..].split("</section>").next().unwrap().to_owned()
    };
    assert!(section("CIFAR10").contains("Every entry has a value of every seed on every OOD set."), "{page}");
    assert!(section("CIFAR100").contains("5 of 5 entries have no rank"), "{page}");
    assert!(section("CIFAR100").contains("<td class=\"n\">not ranked</td>"), "{page}");
    assert!(section("Notes").contains("a note"), "{page}");
}

#[test]
fn a_set_without_a_name_and_metrics_without_records_are_not_made_up() {
    let mut all = records(&["a"]);
    all.retain(|record| record.metric == "auroc");
    all.iter_mut().for_each(|record| record.in_distribution = None);
    let Rendered { lead, html, markdown, .. } = rendered(&Report::of(all));
    assert!(lead.starts_with("All, mean of 4 OOD sets: by AUROC"), "{lead}");
    assert!(!lead.contains("in-distribution"), "{lead}");
    assert_eq!(
        (html.matches("class=\"sortable\"").count(), markdown.matches("in percent").count()),
        (1, 1),
        "{markdown}"
    );
    assert!(markdown.contains("## AUROC in percent. "), "{markdown}");
}

#[test]
fn errors_on_id_rows_are_on_no_ood_set() {
    let procedure = PROCEDURES.iter().find(|procedure| procedure.is_of_id()).unwrap();
    let mut all = records(&["a"]);
    all.retain(|record| record.ood == "svhn" && record.metric == "auroc");
    for record in &mut all {
        (record.procedure, record.metric) = (procedure.id.to_owned(), procedure.metrics[0].id.to_owned());
        (record.ood, record.group) = ("misclassified".to_owned(), None);
    }
    let lead = rendered(&Report::of(all)).lead;
    assert!(lead.contains("misclassified: by ") && !lead.contains("OOD set"), "{lead}");
}

#[test]
fn what_is_not_averaged_as_seeds_is_said() {
    let mut all = records(&["a"]);
    all.iter_mut().filter(|record| record.seed == Some(3)).for_each(|record| record.seed = Some(2));
    let html = rendered(&Report::of(all)).html;
    assert!(html.contains("a-2 and a-3 are both net a, seed 2: a-3 is left out of mean ± std"), "{html}");
}
