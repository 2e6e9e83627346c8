//! Curves with as few vertices as the plot can show.

/// Leaves off vertices that fall on the dot of the one before, then those that lie within half a dot of the line between their neighbours; the first and
/// the last stay. `map` places a vertex in dots.
///
/// No vertex is further than one and a half dots from what is left.
pub(super) fn thinned(vertices: &[(f64, f64)], map: impl Fn((f64, f64)) -> (f64, f64)) -> Vec<(f64, f64)> {
    let dot = |vertex| {
        let (x, y) = map(vertex);
        (x.round() as i64, y.round() as i64)
    };
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for &vertex in vertices {
        if kept.last().is_none_or(|&last| dot(last) != dot(vertex)) {
            kept.push(vertex);
        }
    }
    if let (Some(kept), Some(&last)) = (kept.last_mut(), vertices.last()) {
        *kept = last;
    }
    straightened(&kept, &kept.iter().map(|&vertex| map(vertex)).collect::<Vec<_>>())
}

/// How far a vertex may lie from the line that replaces it, in dots.
const TOLERANCE: f64 = 0.5;

/// Ramer, Douglas and Peucker: between two vertices that stay, the furthest from the line stays if it is far enough.
fn straightened(vertices: &[(f64, f64)], dots: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let Some(last) = vertices.len().checked_sub(1) else { return Vec::new() };
    let mut stays = vec![false; vertices.len()];
    (stays[0], stays[last]) = (true, true);
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let away = |place: usize| (place, distance(dots[place], dots[from], dots[to]));
        let furthest = (from + 1..to).map(away).reduce(|a, b| if b.1 > a.1 { b } else { a });
        if let Some((place, _)) = furthest.filter(|(_, distance)| *distance > TOLERANCE) {
            stays[place] = true;
            open.extend([(from, place), (place, to)]);
        }
    }
    vertices.iter().zip(stays).filter(|(_, stays)| *stays).map(|(vertex, _)| *vertex).collect()
}

/// From a point to the nearest of a line between two ends.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (along, own) = ((to.0 - from.0, to.1 - from.1), (point.0 - from.0, point.1 - from.1));
    let length = along.0 * along.0 + along.1 * along.1;
    let share = if length > 0.0 { ((own.0 * along.0 + own.1 * along.1) / length).clamp(0.0, 1.0) } else { 0.0 };
    (own.0 - share * along.0).hypot(own.1 - share * along.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_ends_and_a_corner_stays() {
        let line: Vec<(f64, f64)> = (0..=100).map(|i| (f64::from(i), f64::from(i) * 2.0)).collect();
        assert_eq!(thinned(&line, |vertex| vertex), [(0.0, 0.0), (100.0, 200.0)]);
        let corner = [(0.0, 0.0), (0.0, 50.0), (50.0, 50.0)];
        assert_eq!(thinned(&corner, |vertex| vertex), corner);
        assert_eq!(thinned(&[(1.0, 1.0)], |vertex| vertex), [(1.0, 1.0)]);
        assert_eq!(thinned(&[], |vertex| vertex), []);
    }

    #[test]
    fn every_vertex_is_near_what_is_left() {
        let curve: Vec<(f64, f64)> =
            (0..20_000).map(|i| f64::from(i) / 20_000.0).map(|x| (x, x.sqrt() + 0.002 * (900.0 * x).sin())).collect();
        let map = |(x, y): (f64, f64)| (x * 900.0, y * 900.0);
        let kept = thinned(&curve, map);
        assert!(kept.len() < 1500, "{}", kept.len());
        for &vertex in &curve {
            let near = kept.windows(2).map(|pair| distance(map(vertex), map(pair[0]), map(pair[1])));
            assert!(near.fold(f64::INFINITY, f64::min) <= 1.5, "{vertex:?}");
        }
    }
}
