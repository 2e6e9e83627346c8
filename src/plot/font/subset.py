"""Writes the fonts of this folder: `python3 subset.py FOLDER_OF_THE_FULL_FONTS` (needs fontTools)."""

import pathlib
import sys

from fontTools import subset, ttLib

# Latin, Greek, punctuation, super- and subscripts, arrows, operators and the shapes used in captions.
RANGES = [
    (0x0020, 0x007E),
    (0x00A0, 0x017F),
    (0x0391, 0x03C9),
    (0x2010, 0x2027),
    (0x2030, 0x203A),
    (0x2070, 0x208E),
    (0x2190, 0x2195),
    (0x2200, 0x221E),
    (0x2227, 0x222B),
    (0x2248, 0x2248),
    (0x2260, 0x2265),
    (0x22C5, 0x22C5),
    (0x25A0, 0x25A1),
    (0x25CB, 0x25CF),
]
# plotters takes one em for size / 1.24 in every font, ab_glyph for size / (ascent - descent).
EM_TO_HEIGHT = 1.24

source = pathlib.Path(sys.argv[1])
target = pathlib.Path(__file__).parent
for name in ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"]:
    font = ttLib.TTFont(source / name)
    options = subset.Options(hinting=False, layout_features=[], legacy_kern=False, name_IDs=[0, 1, 2, 4, 6, 13, 14], notdef_outline=True)
    options.drop_tables += ["FFTM", "GDEF", "GPOS", "GSUB", "MATH", "gasp", "kern"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[c for first, last in RANGES for c in range(first, last + 1)])
    subsetter.subset(font)
    font["hhea"].ascent = round(font["head"].unitsPerEm * EM_TO_HEIGHT) + font["hhea"].descent
    font["hhea"].lineGap = 0
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    font.save(target / name)
