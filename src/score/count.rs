//! What parameters count of a dump.

/// What a parameter counts, or takes a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Nearest training rows: beyond those of a row's own class a neighbour tells how far the other classes are.
    Neighbours,
    /// Training rows of every class, of which the outermost are taken.
    RowsOfClass,
    /// Classes.
    Classes,
    /// The share of the training rows that is kept as reference.
    ShareOfRows,
    /// The share of the features of a row that is left out, or kept.
    ShareOfColumns,
    /// A percentile of all training features.
    PercentileOfFeatures,
    /// A percentile of all weights of the head.
    PercentileOfWeights,
    /// What is added to the variances of every class, which decides where a class has no more rows than there are features.
    RidgeOfClass,
}
