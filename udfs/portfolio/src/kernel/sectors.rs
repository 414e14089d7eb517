//! Reads limits of sectors: `'Energy <= 0.2; Technology >= 0.1'`.

/// A limit of a sector as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct SectorText {
    /// Name of the sector.
    pub sector: String,
    /// Smallest sum of weights.
    pub min: f64,
    /// Largest sum of weights.
    pub max: f64,
}

/// Reads limits: `sector <= number` or `sector >= number`, separated by semicolons.
///
/// # Errors
/// The piece of text that cannot be read.
pub fn parse_sectors(text: &str) -> Result<Vec<SectorText>, String> {
    statements(text)
        .map(|piece| parse_sector(piece).ok_or_else(|| piece.to_string()))
        .collect()
}

fn statements(text: &str) -> impl Iterator<Item = &str> {
    text.split(';')
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
}

fn parse_sector(piece: &str) -> Option<SectorText> {
    let bound = |(sector, value): (&str, &str)| Some((sector.trim().to_string(), number(value)?));
    let (sector, min, max) = match (piece.split_once("<="), piece.split_once(">=")) {
        (Some(parts), None) => {
            let (sector, max) = bound(parts)?;
            (sector, f64::NEG_INFINITY, max)
        }
        (None, Some(parts)) => {
            let (sector, min) = bound(parts)?;
            (sector, min, f64::INFINITY)
        }
        _ => return None,
    };
    (!sector.is_empty()).then_some(SectorText { sector, min, max })
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|v| v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sector_limits_are_read() {
        let limits = parse_sectors("Real Estate <= 0.2; Energy >= 0.05").unwrap();
        assert_eq!(limits[0].sector, "Real Estate");
        assert_eq!((limits[0].min, limits[0].max), (f64::NEG_INFINITY, 0.2));
        assert_eq!((limits[1].min, limits[1].max), (0.05, f64::INFINITY));
        assert_eq!(parse_sectors("Energy = 1"), Err("Energy = 1".to_string()));
        assert_eq!(parse_sectors("<= 1"), Err("<= 1".to_string()));
    }
}
