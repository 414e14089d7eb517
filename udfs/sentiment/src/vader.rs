//! VADER scores of one text, and the label that goes with them.
//!
//! Each word with an entry in VADER's word list adds its valence, changed by the words before it
//! ("not", "very", "kind of"), by capitals, by "but" and by exclamation and question marks. The
//! sum s becomes `compound = s / sqrt(s * s + 15)`. Numbers are those of vaderSentiment 3.3.2
//! for Python, at its precision: four decimals for the compound score, three for the shares.
//!
//! Source: Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
//! Social Media Text", ICWSM 2014.

use std::fmt;
use std::sync::LazyLock;
use vader_parity::SentimentIntensityAnalyzer;

/// The longest text that is scored, in bytes: 1 MiB.
///
/// Scoring takes time and memory in proportion to the text. The limit lets annual reports pass,
/// and stops a file that came into a text column by mistake.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// From this compound score on a text counts as positive, and from its opposite on as negative.
pub const LABEL_THRESHOLD: f64 = 0.05;

/// The word list is parsed once, by the first text that is scored.
static ANALYZER: LazyLock<SentimentIntensityAnalyzer> =
    LazyLock::new(SentimentIntensityAnalyzer::new);

/// What VADER says about one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// The text as a whole, from -1 (most negative) to 1 (most positive).
    pub compound: f64,
    /// The share of positive words, 0 to 1.
    pub positive: f64,
    /// The share of words without a valence, 0 to 1.
    pub neutral: f64,
    /// The share of negative words, 0 to 1.
    pub negative: f64,
}

/// The class of a compound score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// At least [`LABEL_THRESHOLD`].
    Positive,
    /// Between the thresholds.
    Neutral,
    /// At most minus [`LABEL_THRESHOLD`].
    Negative,
}

impl Label {
    /// The name in SQL results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Scores {
    /// The class by VADER's published thresholds of plus and minus 0.05, both inclusive.
    pub fn label(&self) -> Label {
        if self.compound >= LABEL_THRESHOLD {
            Label::Positive
        } else if self.compound <= -LABEL_THRESHOLD {
            Label::Negative
        } else {
            Label::Neutral
        }
    }
}

/// A text above [`MAX_TEXT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// Its length in bytes.
    pub n_bytes: usize,
}

/// Scores one text.
///
/// An empty or blank text has nothing to say: all four numbers are 0 and the label is neutral, as
/// in the reference program.
///
/// # Errors
/// [`TooLong`] for a text above [`MAX_TEXT_BYTES`].
pub fn score(text: &str) -> Result<Scores, TooLong> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(TooLong {
            n_bytes: text.len(),
        });
    }
    let found = ANALYZER.polarity_scores(text);
    Ok(Scores {
        compound: found.compound,
        positive: found.pos,
        neutral: found.neu,
        negative: found.neg,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    fn with_compound(compound: f64) -> Scores {
        Scores {
            compound,
            positive: 0.0,
            neutral: 1.0,
            negative: 0.0,
        }
    }

    #[test]
    fn labels_include_their_thresholds() {
        assert_eq!(with_compound(0.05).label(), Label::Positive);
        assert_eq!(with_compound(0.0499).label(), Label::Neutral);
        assert_eq!(with_compound(-0.0499).label(), Label::Neutral);
        assert_eq!(with_compound(-0.05).label(), Label::Negative);
    }

    #[test]
    fn a_blank_text_scores_zero_and_is_neutral() {
        for text in ["", "   ", "\n\t"] {
            let scores = score(text).unwrap();
            assert_eq!(
                (scores.compound, scores.positive, scores.neutral),
                (0.0, 0.0, 0.0)
            );
            assert_eq!(scores.label(), Label::Neutral);
        }
    }

    #[test]
    fn the_length_limit_is_inclusive() {
        assert!(score(&"a".repeat(MAX_TEXT_BYTES)).is_ok());
        let one_more = "a".repeat(MAX_TEXT_BYTES + 1);
        assert_eq!(
            score(&one_more),
            Err(TooLong {
                n_bytes: MAX_TEXT_BYTES + 1
            })
        );
    }
}
