//! Images for an ONNX model, as the trainer reads them.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::ops::Range;

use anyhow::bail;
use oodbench_onnx::OnnxError;
use oodbench_onnx::graph::{Axis, Graph, Kind, ModelInput};
use oodbench_onnx::runtime::{Input, Numbers};
use oodbench_onnx::source::Source;
use oodbench_onnx::source::classes::{ClassName, Classes};
use oodbench_train::data::folder::{Channels, Filter, FolderLabels, FolderOptions, Resize};
use oodbench_train::data::{self, Form, ImageSet, Normalisation, ood, open};

use crate::option::images::ImageOptions;
use crate::option::model::{LayoutName, ModelOptions};
use crate::option::sets::Pixels;

/// How images are made into what the model takes.
pub(super) struct Pictures<'a> {
    graph: &'a Graph,
    options: &'a ModelOptions,
    images: &'a ImageOptions,
}

/// The model's input as one of images.
struct Taken {
    input: ModelInput,
    layout: LayoutName,
    channels: usize,
    /// Rows and columns, where the model says.
    size: Option<(usize, usize)>,
}

/// The in-distribution images.
pub(super) struct Id {
    pub(super) name: String,
    /// What was done to them, for the note.
    pub(super) preparation: String,
    source: data::Source,
    taken: Taken,
    resize: Option<Resize>,
    /// Channels, rows and columns, once some images were read.
    shape: OnceCell<[usize; 3]>,
    /// None where the model takes bytes.
    normalisation: Option<Normalisation>,
    /// The names of the classes where folders have them, in the network's order.
    pub(super) classes: Option<Classes>,
    /// The class of each number that the folders have.
    numbers: Vec<i64>,
}

impl<'a> Pictures<'a> {
    pub(super) fn of(graph: &'a Graph, options: &'a ModelOptions, images: &'a ImageOptions) -> Self {
        Self { graph, options, images }
    }

    /// Finds the set of a specification; its folders of images have a subfolder per class.
    pub(super) fn id(&self, specification: &str) -> anyhow::Result<Id> {
        let taken = self.taken(specification)?;
        let resize = self.resize(&taken);
        let options = FolderOptions {
            resize,
            channels: if taken.channels == 1 { Channels::Grey } else { Channels::Rgb },
            labels: FolderLabels::Subfolders,
        };
        let source = open::find(specification, options)?;
        let normalisation = self.normalisation(&taken, &source)?;
        let size = resize.map_or_else(String::new, |size| {
            format!(", folders brought to {}x{} (bilinear, antialiased)", size.height, size.width)
        });
        let preparation = match &normalisation {
            Some(Normalisation { mean, std }) => format!("images (x / 255 - {mean:?}) / {std:?}{size}"),
            None => format!("images as bytes from 0 to 255{size}"),
        };
        let (classes, numbers) = self.classes(specification, &source)?;
        let name = source.name().to_owned();
        let shape = taken.size.map_or_else(OnceCell::new, |(height, width)| [taken.channels, height, width].into());
        Ok(Id { name, preparation, source, taken, resize, shape, normalisation, classes, numbers })
    }

    /// The classes of folders, in the order of their names or of the list, and the class of each folder.
    fn classes(&self, specification: &str, source: &data::Source) -> anyhow::Result<(Option<Classes>, Vec<i64>)> {
        let folders = source.folder_classes()?;
        let place = specification.to_owned();
        let name = |folder: OsString| ClassName { place: place.clone(), name: folder.to_string_lossy().into_owned() };
        let names: Vec<ClassName> = folders.into_iter().map(name).collect();
        let listed = self.options.classes.as_deref().map(Classes::read).transpose()?;
        if names.is_empty() {
            if listed.is_some() {
                bail!(
                    "--classes: found it with {specification}, whose classes are numbers, expected folders of images, wav: or text:; leave it out"
                );
            }
            return Ok((None, Vec::new()));
        }
        let classes = listed.map_or_else(|| Classes::of(&names), Ok)?;
        let numbers = classes.number(&names)?;
        Ok((Some(classes), numbers))
    }

    /// What is done to the bytes of an image.
    fn normalisation(&self, taken: &Taken, source: &data::Source) -> anyhow::Result<Option<Normalisation>> {
        let (mean, std) = (&self.options.mean, &self.options.std);
        if taken.input.kind == Kind::Byte {
            let given = [("--mean", !mean.is_empty()), ("--normalisation", self.images.normalisation.is_some())];
            if let Some((option, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
                bail!(
                    "{option}: found it with the input {}, expected none; the model takes bytes as they are, leave it out",
                    taken.input.text()
                );
            }
            return Ok(None);
        }
        let normalisation = match mean.is_empty() {
            false => Normalisation::new(mean.clone(), std.clone())?,
            true => self.images.normalisation(source, taken.channels)?,
        };
        if normalisation.mean.len() != taken.channels {
            let means = normalisation.mean.len();
            bail!(
                "--mean: found {means} means, expected {}, one per channel of {}",
                taken.channels,
                taken.input.text()
            );
        }
        Ok(Some(normalisation))
    }

    fn resize(&self, taken: &Taken) -> Option<Resize> {
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let asked = self.images.sets.resize.map(|Pixels { height, width }| (height, width));
        let size = asked.or(taken.size.map(|(height, width)| (side(height), side(width))));
        size.map(|(height, width)| Resize { height, width, filter: Filter::Bilinear })
    }

    /// The model's input, if it takes images.
    fn taken(&self, specification: &str) -> anyhow::Result<Taken> {
        let [input] = self.graph.inputs() else {
            bail!(
                "{specification}: found images for a model of {} inputs, expected one; use npy:DIR",
                self.graph.inputs().len()
            );
        };
        let channels = |at: usize| match input.axes.get(at) {
            Some(Axis::Fixed(channels @ (1 | 3))) => Some(*channels),
            _ => None,
        };
        let layout = match (self.options.layout, channels(1), channels(3)) {
            (Some(layout), ..) => layout,
            (None, Some(_), None) => LayoutName::Nchw,
            (None, None, Some(_)) => LayoutName::Nhwc,
            _ => bail!(
                "{specification}: found the input {}, expected 1 or 3 channels in one place; say --layout, or use npy:DIR",
                input.text()
            ),
        };
        let (channels, rows) = match layout {
            LayoutName::Nchw => (channels(1), 2),
            LayoutName::Nhwc => (channels(3), 1),
        };
        let takes = input.axes.len() == 4 && matches!(input.kind, Kind::Float | Kind::Byte);
        let Some(channels) = channels.filter(|_| takes) else {
            bail!("{specification}: found the input {}, expected images of 1 or 3 channels; use npy:DIR", input.text());
        };
        let size = match (&input.axes[rows], &input.axes[rows + 1]) {
            (Axis::Fixed(height), Axis::Fixed(width)) => Some((*height, *width)),
            _ => None,
        };
        Ok(Taken { input: input.clone(), layout, channels, size })
    }
}

impl Id {
    /// How many classes have names.
    pub(super) fn class_count(&self) -> Option<usize> {
        self.classes.as_ref().and_then(Classes::count)
    }

    pub(super) fn train(&self) -> anyhow::Result<Box<dyn Source>> {
        Ok(Box::new(self.images(self.source.train()?)?))
    }

    pub(super) fn test(&self) -> anyhow::Result<Box<dyn Source>> {
        Ok(Box::new(self.images(self.source.test()?)?))
    }

    /// An OOD set beside these images, and its name.
    pub(super) fn ood(&self, specification: &str, seed: u64) -> anyhow::Result<(Box<dyn Source>, String)> {
        let shape = match self.shape.get() {
            Some(shape) => *shape,
            None => self.source.test()?.shape(),
        };
        let set = ood::read(specification, Form::images(shape), self.resize.is_some(), seed)?;
        let name = set.name.clone();
        Ok((Box::new(self.images(ImageSet { labels: None, ..set })?), name))
    }

    fn images(&self, set: ImageSet) -> anyhow::Result<Images> {
        let Taken { input, layout, channels, size } = &self.taken;
        if set.channels != *channels || size.is_some_and(|size| size != (set.height, set.width)) {
            bail!(
                "{}: found images of {}x{}x{}, expected {}; take another set, or a folder of images",
                set.name,
                set.channels,
                set.height,
                set.width,
                input.text()
            );
        }
        self.shape.get_or_init(|| [set.channels, set.height, set.width]);
        let number = |label: &u32| self.numbers.get(*label as usize).copied().unwrap_or(i64::from(*label));
        let labels = set.labels.as_ref().map(|labels| labels.iter().map(number).collect());
        let table = self.normalisation.as_ref().map(Normalisation::table).unwrap_or_default();
        Ok(Images { input: input.clone(), layout: *layout, table, labels, set })
    }
}

/// Images as rows of a model.
struct Images {
    input: ModelInput,
    layout: LayoutName,
    /// The value of each byte, per channel; none where the model takes bytes.
    table: Vec<[f32; 256]>,
    labels: Option<Vec<i64>>,
    set: ImageSet,
}

impl Source for Images {
    fn name(&self) -> &str {
        &self.set.name
    }

    fn rows(&self) -> usize {
        self.set.len()
    }

    fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    fn batch(&self, rows: Range<usize>) -> Result<Vec<Input>, OnnxError> {
        let ImageSet { channels, height, width, .. } = self.set;
        let (size, pixels) = (self.set.image_bytes(), height * width);
        let count = rows.len();
        let images = self.set.images[rows.start * size..rows.end * size].chunks(size);
        // Where the bytes of an image come from, in the order the model takes them.
        let order: Vec<usize> = match self.layout {
            LayoutName::Nchw => (0..size).collect(),
            LayoutName::Nhwc => (0..size).map(|at| at % channels * pixels + at / channels).collect(),
        };
        let shape = match self.layout {
            LayoutName::Nchw => vec![count, channels, height, width],
            LayoutName::Nhwc => vec![count, height, width, channels],
        };
        let bytes = images.flat_map(|image| order.iter().map(move |&at| (at / pixels, image[at])));
        let numbers = match self.input.kind {
            Kind::Byte => Numbers::Byte(bytes.map(|(_, byte)| byte).collect()),
            _ => Numbers::Float(bytes.map(|(channel, byte)| self.table[channel][usize::from(byte)]).collect()),
        };
        Ok(vec![Input { name: self.input.name.clone(), shape, numbers }])
    }
}
