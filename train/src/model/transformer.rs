//! A small transformer encoder (Vaswani et al. 2017) for sequences of tokens, with normalisation before each part.
//!
//! ```text
//! embedding (64) + position → 2 × [x + attention(norm(x)), 4 heads → x + (linear 128 → ReLU → linear 64)(norm(x))] → norm → mean over tokens = features (64)
//! ```
//!
//! Positions are the authors' sines and cosines, so sequences may have any length. Token 0 fills rows up: nothing attends to it, and it takes no part in the mean. Features
//! are signed; scores made for ReLU features say so. Dropout, where asked for, stands after the embedding, behind either part of a block and before the head.

use super::{Backbone, NetworkEntry, Taps};
use crate::data::element::Input;
use crate::nn::{Builder, Dropout, Init, Linear, Mode};
use candle_core::{D, DType, Device, Result, Tensor};

const WIDTH: usize = 64;
const HEADS: usize = 4;
const INNER: usize = 128;
const BLOCKS: usize = 2;

/// What keeps the variance of a token's values from 0.
const SMALL: f64 = 1e-5;

/// Below every score of attention.
const MASKED: f64 = -1e9;

/// The network in the list.
pub static ENTRY: NetworkEntry = NetworkEntry {
    id: "transformer",
    summary: "an embedding and two blocks of attention, for sequences of tokens",
    input: Input::Sequences,
    build: |builder, vocabulary| Ok(Box::new(Transformer::new(builder, vocabulary)?)),
};

/// Normalisation of each token's values.
struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
}

impl LayerNorm {
    fn new(builder: &mut Builder, name: &str) -> Result<Self> {
        builder.within(name, |b| {
            Ok(Self {
                weight: b.trainable("weight", WIDTH, Init::Constant(1.0))?,
                bias: b.trainable("bias", WIDTH, Init::Constant(0.0))?,
            })
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let deviation = (x.sqr()?.mean_keepdim(D::Minus1)? + SMALL)?.sqrt()?;
        x.broadcast_div(&deviation)?.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)
    }
}

struct Block {
    norm1: LayerNorm,
    /// Queries, keys and values.
    qkv: Linear,
    out: Linear,
    norm2: LayerNorm,
    linear1: Linear,
    linear2: Linear,
}

impl Block {
    fn new(builder: &mut Builder, name: &str) -> Result<Self> {
        builder.within(name, |b| {
            Ok(Self {
                norm1: LayerNorm::new(b, "norm1")?,
                qkv: Linear::new(b, "qkv", [WIDTH, 3 * WIDTH])?,
                out: Linear::new(b, "out_proj", [WIDTH, WIDTH])?,
                norm2: LayerNorm::new(b, "norm2")?,
                linear1: Linear::new(b, "linear1", [WIDTH, INNER])?,
                linear2: Linear::new(b, "linear2", [INNER, WIDTH])?,
            })
        })
    }

    /// softmax(Q Kᵀ/√d + mask) V of every head, side by side.
    fn attention(&self, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (n, length, _) = x.dims3()?;
        let all = tokens(&self.qkv, x)?.reshape((n, length, 3, HEADS, WIDTH / HEADS))?.permute((2, 0, 3, 1, 4))?;
        let part = |at: usize| all.narrow(0, at, 1)?.squeeze(0)?.contiguous();
        let (queries, keys, values) = (part(0)?, part(1)?, part(2)?);
        let scores =
            (queries.matmul(&keys.t()?.contiguous()?)? / ((WIDTH / HEADS) as f64).sqrt())?.broadcast_add(mask)?;
        // The largest is taken off, as a constant: nothing overflows, and the softmax is the same.
        let scores = scores.broadcast_sub(&scores.detach().max_keepdim(D::Minus1)?)?.exp()?;
        let attention = scores.broadcast_div(&scores.sum_keepdim(D::Minus1)?)?;
        let heads = attention.matmul(&values)?.transpose(1, 2)?.contiguous()?.reshape((n, length, WIDTH))?;
        tokens(&self.out, &heads)
    }

    fn forward(&self, x: &Tensor, mask: &Tensor, dropout: &Dropout, mode: Mode) -> Result<Tensor> {
        let x = (x + dropout.forward(&self.attention(&self.norm1.forward(x)?, mask)?, mode)?)?;
        let inner = tokens(&self.linear1, &self.norm2.forward(&x)?)?.relu()?;
        &x + dropout.forward(&tokens(&self.linear2, &inner)?, mode)?
    }
}

/// A linear layer for each token of (n, L, width).
fn tokens(layer: &Linear, x: &Tensor) -> Result<Tensor> {
    let (n, length, width) = x.dims3()?;
    layer.forward(&x.reshape((n * length, width))?)?.reshape((n, length, ()))
}

/// Sines and cosines (L, width) of the places of tokens.
fn positions(length: usize, device: &Device) -> Result<Tensor> {
    let value = |(place, column): (usize, usize)| {
        let angle = place as f64 / 10_000f64.powf((column - column % 2) as f64 / WIDTH as f64);
        (if column % 2 == 0 { angle.sin() } else { angle.cos() }) as f32
    };
    let values: Vec<f32> = (0..length * WIDTH).map(|at| value((at / WIDTH, at % WIDTH))).collect();
    Tensor::from_vec(values, (length, WIDTH), device)
}

/// The network.
pub struct Transformer {
    embedding: Tensor,
    blocks: Vec<Block>,
    norm: LayerNorm,
    dropout: Dropout,
}

impl Transformer {
    /// A network for so many tokens.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(builder: &mut Builder, vocabulary: usize) -> Result<Self> {
        let embedding =
            builder.within("embedding", |b| b.trainable("weight", (vocabulary, WIDTH), Init::Normal(1.0)))?;
        let blocks = (0..BLOCKS).map(|at| Block::new(builder, &format!("layers.{at}"))).collect::<Result<_>>()?;
        Ok(Self { embedding, blocks, norm: LayerNorm::new(builder, "norm")?, dropout: builder.dropout() })
    }
}

impl Backbone for Transformer {
    fn features(&self) -> usize {
        WIDTH
    }

    fn layers(&self) -> Vec<String> {
        (1..=BLOCKS).map(|at| format!("block{at}")).collect()
    }

    fn forward(&self, sequences: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor> {
        let numbers = sequences.flatten_from(1)?;
        let (n, length) = numbers.dims2()?;
        // 1 where there is a token, 0 where a row is filled up.
        let is_token = numbers.ne(0f32)?.to_dtype(DType::F32)?;
        let mask = is_token.affine(-MASKED, MASKED)?.reshape((n, 1, 1, length))?;
        let x = self.embedding.index_select(&numbers.to_dtype(DType::U32)?.flatten_all()?, 0)?;
        let x = x.reshape((n, length, WIDTH))?.broadcast_add(&positions(length, sequences.device())?)?;
        let mut x = self.dropout.forward(&x, mode)?;
        let is_token = is_token.unsqueeze(2)?;
        // A row of nothing but 0 has mean 0.
        let count = is_token.sum(1)?.maximum(1f32)?;
        let mean = |x: &Tensor| x.broadcast_mul(&is_token)?.sum(1)?.broadcast_div(&count);
        for (at, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x, &mask, &self.dropout, mode)?;
            taps.record(&format!("block{}", at + 1), &mean(&x)?.reshape((n, WIDTH, 1, 1))?)?;
        }
        mean(&self.norm.forward(&x)?)
    }
}
