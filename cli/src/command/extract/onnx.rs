//! A dump of an ONNX model, whoever made it.

use std::num::NonZeroUsize;
use std::path::Path;

#[cfg(feature = "train")]
use anyhow::Context;
use anyhow::bail;

use super::arguments::{Command, SplitName};
use super::beside::beside;
#[cfg(feature = "train")]
use super::beside::unlike;
use super::held_out::refuse_shared;
use super::idle::refuse_idle;
#[cfg(feature = "train")]
use super::images::Pictures;
use super::specification::{Specification, first, named};
use crate::option::common::Common;
#[cfg(feature = "onnxruntime")]
use crate::option::model::RuntimeName;
use crate::option::sets::run_name;
use crate::screen::interrupt::never_stopped;
use crate::screen::progress::Bars;
use crate::screen::terminal;
use oodbench::dump::RunInfo;
use oodbench::rows::Role;
use oodbench_onnx::extract::{Extracted, Extraction, extract};
use oodbench_onnx::graph::Graph;
#[cfg(feature = "onnxruntime")]
use oodbench_onnx::onnxruntime::OnnxRuntime;
use oodbench_onnx::request::check_batch;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::source::Source;
use oodbench_onnx::source::classes::Classes;
#[cfg(feature = "train")]
use oodbench_train::attack::Attack;

type Sets = Vec<(Role, Box<dyn Source>)>;

/// Runs the command on this model.
pub(super) fn run(command: &Command, model: &Path, common: &Common) -> anyhow::Result<()> {
    command.refuse_options_of_weights()?;
    let options = &command.model_options;
    let runtime = options.runtime.unwrap_or_default();
    runtime.check()?;
    let graph = Graph::read(model)?;
    // Before rows are made that no memory has.
    check_batch(&graph)?;
    let plan = command.plan(&graph)?;
    refuse_shared(&plan.sets)?;
    let extraction = Extraction {
        out: &command.out,
        replace: command.replace,
        run: RunInfo {
            name: run_name(&command.out)?,
            model: model.file_stem().map(|name| name.to_string_lossy().into_owned()),
            in_distribution: Some(plan.name),
            ..RunInfo::default()
        },
        sets: &plan.sets,
        output: options.tensors.output.as_deref(),
        logits: options.tensors.logits.as_deref(),
        features: &options.tensors.features,
        batch: options.batch.map(NonZeroUsize::get),
        classes: plan.classes,
        preparation: plan.preparation.as_deref(),
        threads: rayon::current_num_threads(),
        stop: never_stopped(),
    };
    let bars = Bars::new(common.quiet);
    let extracted = match runtime {
        #[cfg(feature = "onnxruntime")]
        RuntimeName::Onnxruntime => extract::<OnnxRuntime>(&graph, &extraction, &bars),
        _ => extract::<Rten>(&graph, &extraction, &bars),
    }?;
    if !common.quiet {
        describe(&extracted).iter().for_each(|line| terminal::say(line));
        terminal::say(&format!("wrote {0}; `oodbench score {0}` measures it", command.out.display()));
    }
    Ok(())
}

/// What was taken for what, and how well the network does.
fn describe(extracted: &Extracted) -> Vec<String> {
    let tensors = &extracted.tensors;
    let mut lines = vec![
        format!("logits: {:?}; {}", tensors.logits, tensors.logits_because),
        format!("features: {:?}; {}", tensors.features[0], tensors.features_because),
    ];
    if extracted.has_head {
        lines.push("head: linear; features · Wᵀ + b are the logits to 1e-4".to_owned());
    }
    lines.extend(extracted.accuracy.map(|accuracy| format!("accuracy on id/test: {:.2} %", accuracy * 100.0)));
    lines.extend(extracted.remarks.iter().map(|remark| format!("warning: {remark}")));
    lines
}

/// The sets of a dump.
struct Plan {
    sets: Sets,
    /// The in-distribution set's name.
    name: String,
    /// How many classes have names.
    classes: Option<usize>,
    preparation: Option<String>,
}

/// The option of OOD sets that are measured.
const OOD: &str = "--ood";

/// An OOD set that was named.
struct Ood<'a> {
    option: &'static str,
    /// Its own name.
    own: Option<&'a str>,
    data: Specification<'a>,
}

impl Command {
    /// Options that would change nothing.
    fn refuse_options_of_weights(&self) -> anyhow::Result<()> {
        #[cfg(feature = "train")]
        {
            if let Some(layer) = self.images.layers.first() {
                bail!(
                    "--layers: found {layer} with --onnx, expected --features TENSOR,{layer}; name tensors of the model"
                );
            }
            let of_weights = [
                ("--gram", !self.images.gram.is_empty(), "no layers by these names"),
                ("--mc-samples", self.images.mc_samples.is_some(), "no dropout"),
                ("--perturb", self.images.perturb.is_some(), "no backward pass"),
            ];
            if let Some((option, _, why)) = of_weights.into_iter().find(|(_, is_given, _)| *is_given) {
                bail!("{option}: found it with --onnx, expected --weights; an ONNX file has {why}");
            }
            for text in &self.images.sets.val_ood {
                let attack = named(text)?.1;
                if Attack::named(attack).is_some() {
                    bail!(
                        "--val-ood {attack}: found an attack with --onnx, expected --weights or another set; an ONNX file has no backward pass"
                    );
                }
            }
            if self.splits.contains(&SplitName::Val) {
                bail!("--split val: found it with --onnx, expected --val DATA; name the held-out data");
            }
            if self.images.tf32 || matches!(self.images.device, oodbench_train::device::DeviceChoice::Cuda(_)) {
                bail!("--device: found a GPU with --onnx, expected cpu; ONNX models are run on the CPU");
            }
        }
        Ok(())
    }

    fn plan(&self, graph: &Graph) -> anyhow::Result<Plan> {
        let (options, inputs) = (&self.model_options, graph.inputs());
        let given = self.set_options();
        refuse_idle(self, options, given)?;
        let val = options.val.as_deref().map(|val| beside("--val", val, &given.data)).transpose()?;
        let ood = self.ood()?;
        let classes = self.classes()?;
        let most = given.images.map(NonZeroUsize::get);
        let has = |split: SplitName| self.splits.is_empty() || self.splits.contains(&split);
        let mut sets = Sets::new();
        #[cfg(feature = "train")]
        let pictures = Pictures::of(graph, options, &self.images);
        #[cfg_attr(not(feature = "train"), allow(unused_mut, reason = "images alone are prepared"))]
        let mut preparation = None;
        #[cfg_attr(not(feature = "train"), allow(unused_mut, reason = "images alone have others"))]
        let mut class_count = classes.count();
        #[cfg(feature = "train")]
        let mut own_images = None;
        let name = match Specification::of(&given.data) {
            Specification::Files(files) => {
                if has(SplitName::Train) {
                    let train = files.train(inputs, options, &classes)?;
                    if train.is_none() && !self.splits.is_empty() {
                        bail!("{}: found no folder train, expected id/train; --split test leaves it out", given.data);
                    }
                    sets.extend(train.map(|train| (Role::Train, train)));
                }
                if has(SplitName::Test) {
                    sets.push((Role::Test, files.test(inputs, options, Some(&classes))?));
                }
                files.name()
            }
            #[cfg(feature = "train")]
            Specification::Images(data) => {
                let images = pictures.id(data)?;
                preparation = Some(images.preparation.clone());
                class_count = images.class_count();
                if has(SplitName::Train) {
                    let train = images.train().context("id/train cannot be read (--split test leaves it out)")?;
                    sets.push((Role::Train, train));
                }
                if has(SplitName::Test) {
                    sets.push((Role::Test, images.test()?));
                }
                own_images.insert(images).name.clone()
            }
            #[cfg(not(feature = "train"))]
            Specification::Images(data) => bail!("{data}: {NO_IMAGES}"),
        };
        if let Some(val) = val {
            let set = match val {
                Specification::Files(files) => files.test(inputs, options, Some(&classes))?,
                #[cfg(feature = "train")]
                Specification::Images(data) => {
                    let images = pictures.id(data)?;
                    let folders = own_images.as_ref().and_then(|own| own.classes.as_ref());
                    if folders.zip(images.classes.as_ref()).is_some_and(|(own, other)| own != other) {
                        bail!(
                            "--val {data}: found other folders than in {}, expected the same classes; list them with --classes",
                            given.data
                        );
                    }
                    images.test()?
                }
                #[cfg(not(feature = "train"))]
                Specification::Images(data) => bail!("{data}: {NO_IMAGES}"),
            };
            sets.insert(sets.iter().position(|(role, _)| *role == Role::Test).unwrap_or(sets.len()), (Role::Val, set));
        }
        if let Some(both) = given.val_ood.iter().find(|set| given.ood.contains(set)) {
            bail!("--val-ood {both}: found a set that --ood measures, expected another; take another set");
        }
        for Ood { option, own, data } in ood {
            let is_measured = option == OOD;
            let (set, name) = match data {
                Specification::Files(files) => (files.test(inputs, options, None)?, files.name()),
                #[cfg(feature = "train")]
                Specification::Images(data) => {
                    let images = own_images.as_ref().with_context(|| unlike(option, data, &given.data))?;
                    // Noise to choose on is not the noise that is measured.
                    images.ood(data, if is_measured { self.seed } else { self.seed.wrapping_add(1) })?
                }
                #[cfg(not(feature = "train"))]
                Specification::Images(data) => bail!("{data}: {NO_IMAGES}"),
            };
            let name = own.map_or(name, str::to_owned);
            let role = if is_measured { Role::Ood { group: None, name } } else { Role::ValOod { name } };
            sets.push((role, set));
        }
        let sets = sets.into_iter().map(|(role, set)| (role, first(set, most))).collect();
        Ok(Plan { sets, name, classes: class_count, preparation })
    }

    /// The sets of --ood and --val-ood, which fit beside the data.
    fn ood(&self) -> anyhow::Result<Vec<Ood<'_>>> {
        let given = self.set_options();
        let measured = given.ood.iter().map(|text| (OOD, text));
        let sets = measured.chain(given.val_ood.iter().map(|text| ("--val-ood", text)));
        sets.map(|(option, text)| {
            let (own, data) = named(text)?;
            Ok(Ood { option, own, data: beside(option, data, &given.data)? })
        })
        .collect()
    }

    /// The classes of all labelled splits: listed, or what the splits have together.
    fn classes(&self) -> anyhow::Result<Classes> {
        let options = &self.model_options;
        if let Some(list) = &options.classes {
            return Ok(Classes::read(list)?);
        }
        let mut names = Vec::new();
        for text in std::iter::once(&self.set_options().data).chain(&options.val) {
            if let Specification::Files(files) = Specification::of(text) {
                names.extend(files.class_names()?);
            }
        }
        Ok(Classes::of(&names)?)
    }
}

#[cfg(not(feature = "train"))]
const NO_IMAGES: &str = "found images, expected npy:DIR, wav:DIR or text:FILE; this program was built without the feature train, which reads images";
