"""Which formats of pictures are opened, and what everything else is and needs.

A format stands in `FORMATS` where its decoder is part of Pillow, calls no other program and reads no second file.
"""

from __future__ import annotations

import posixpath

from latente.languages import say

__all__ = [
    "FORMATS",
    "HEAD",
    "READ_SUFFIXES",
    "SUFFIXES",
    "describe",
    "format_of",
    "formats_of",
    "is_as_named",
    "is_heif",
    "is_raw",
    "is_video",
    "sniff",
    "suffix_of",
]

# opened by content; the commonest first, since Pillow tries them in turn
FORMATS = (
    *("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"),
    *("AVIF", "JPEG2000", "QOI", "DDS", "SGI", "PCX", "ICO"),
)
HEAD = 512  # bytes that tell what a file is

# suffix -> the format that it says
_OWN_SUFFIXES = {
    ".png": "PNG",
    ".apng": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".mpo": "JPEG",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".pbm": "PPM",
    ".pgm": "PPM",
    ".ppm": "PPM",
    ".pnm": "PPM",
    ".pfm": "PPM",
    ".avif": "AVIF",
    ".avifs": "AVIF",
    ".jp2": "JPEG2000",
    ".j2k": "JPEG2000",
    ".j2c": "JPEG2000",
    ".jpc": "JPEG2000",
    ".jpx": "JPEG2000",
    ".jpf": "JPEG2000",
    ".qoi": "QOI",
    ".dds": "DDS",
    ".sgi": "SGI",
    ".rgb": "SGI",
    ".rgba": "SGI",
    ".bw": "SGI",
    ".pcx": "PCX",
    ".ico": "ICO",
    ".tga": "TGA",
    ".icb": "TGA",
    ".vda": "TGA",
    ".vst": "TGA",
    ".heic": "HEIF",
    ".heif": "HEIF",
    ".hif": "HEIF",
}
# formats with nothing in their content that tells them, so that the suffix has to
_BY_SUFFIX = {".tga": "TGA", ".icb": "TGA", ".vda": "TGA", ".vst": "TGA", ".dib": "DIB"}
_OTHER_NAMES = {"MPO": "JPEG", "DIB": "BMP"}  # as Pillow calls what it opened -> the format

# pictures as well, in formats that are not read: they are listed rather than passed over in silence
_RAW_SUFFIXES = frozenset(
    [
        ".dng",
        ".nef",
        ".nrw",
        ".cr2",
        ".cr3",
        ".arw",
        ".srf",
        ".sr2",
        ".raf",
        ".orf",
        ".rw2",
        ".rwl",
        ".pef",
        ".erf",
        ".3fr",
        ".iiq",
        ".dcr",
        ".kdc",
        ".mrw",
        ".srw",
        ".x3f",
    ]
)
_FOREIGN_SUFFIXES = frozenset(
    [
        ".jxl",
        ".jxr",
        ".svg",
        ".psd",
        ".psb",
        ".xcf",
        ".exr",
        ".hdr",
        ".eps",
        ".wmf",
        ".emf",
        ".djvu",
        ".icns",
        ".cur",
        ".dcm",
        ".dicom",
        ".fits",
        ".fit",
        ".fts",
        ".nii",
        ".nrrd",
        ".mha",
        ".czi",
    ]
)
READ_SUFFIXES = frozenset(_OWN_SUFFIXES)  # of pictures that are read
SUFFIXES = frozenset((*_OWN_SUFFIXES, *_RAW_SUFFIXES, *_FOREIGN_SUFFIXES))

# first bytes that only pictures have, for files whose name does not tell
_MAGIC = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    *(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51", b"qoif", b"DDS "),
)
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

_RAW = say("a camera's raw file; develop it into PNG or TIFF, as rawpy or darktable do")
_VIDEO = say("a video; take its pictures out of it: ffmpeg -i VIDEO FOLDER/%05d.png")


def _scan(kind: str, reader: str) -> str:
    template = "a {kind} file; read it with {reader} and save its pixels as a .npy file"
    if kind in ("HDF5", "OpenEXR"):
        template = "an {kind} file; read it with {reader} and save its pixels as a .npy file"
    return say(template, kind=kind, reader=reader)


_SCANS = ((128, b"DICM"), (0, b"SIMPLE  ="), (344, b"n+1\0"), (344, b"ni1\0"))
# (where, bytes there, what such a file is and what would open it)
_FOREIGN = (
    (128, b"DICM", _scan("DICOM", "pydicom")),
    (0, b"SIMPLE  =", _scan("FITS", "astropy.io.fits")),
    (344, b"n+1\0", _scan("NIfTI", "nibabel")),
    (344, b"ni1\0", _scan("NIfTI", "nibabel")),
    (0, b"NRRD", _scan("NRRD", "pynrrd or SimpleITK")),
    (0, b"ObjectType", _scan("MetaImage", "SimpleITK")),
    (0, b"ZISRAWFILE", _scan("CZI", "czifile or bioio")),
    (0, b"\x89HDF\r\n\x1a\n", _scan("HDF5", "h5py")),
    (0, b"MATLAB 5.0", _scan("MATLAB", "scipy.io.loadmat")),
    (0, b"\x93NUMPY", say("a .npy array; give it alone, not among pictures")),
    (0, b"\x76\x2f\x31\x01", _scan("OpenEXR", "OpenEXR or OpenCV")),
    (0, b"#?RADIANCE", _scan("Radiance HDR", "OpenCV or imageio")),
    (0, b"#?RGBE", _scan("Radiance HDR", "OpenCV or imageio")),
    (0, b"%PDF", say("a PDF document; draw its pages as pictures: pdftoppm -png FILE page")),
    (0, b"%!PS", say("a PostScript file; draw it as PNG, as Ghostscript does")),
    (0, b"\xc5\xd0\xd3\xc6", say("a PostScript file; draw it as PNG, as Ghostscript does")),
    (0, b"8BPS", say("a Photoshop file; export it as PNG or TIFF")),
    (0, b"gimp xcf", say("a GIMP file; export it as PNG or TIFF")),
    (0, b"\xff\x0a", say("a JPEG XL picture; convert it: djxl FILE FILE.png")),
    (0, b"\0\0\0\x0cJXL ", say("a JPEG XL picture; convert it: djxl FILE FILE.png")),
    (0, b"II\xbc\x01", say("a JPEG XR picture; convert it to PNG or TIFF")),
    (0, b"AT&TFORM", say("a DjVu document; draw its pages as pictures: ddjvu -format=tiff")),
    (0, b"\xd7\xcd\xc6\x9a", say("a Windows metafile; draw it as PNG, as Inkscape does")),
    (40, b" EMF", say("a Windows metafile; draw it as PNG, as Inkscape does")),
    (0, b"icns", say("an Apple icon; convert it to PNG")),
    (0, b"FUJIFILMCCD-RAW", _RAW),
    (0, b"IIRO", _RAW),
    (0, b"IIRS", _RAW),
    (0, b"MMOR", _RAW),
    (0, b"IIU\0", _RAW),
    (0, b"FOVb", _RAW),
    (8, b"AVI ", _VIDEO),
    (0, b"\x1aE\xdf\xa3", _VIDEO),
    (0, b"\0\0\x01\xba", _VIDEO),
    (0, b"FLV\x01", _VIDEO),
    (0, b"PK\x03\x04", say("a zip archive; give it on its own, or unpack it")),
    (0, b"7z\xbc\xaf\x27\x1c", say("a 7-Zip archive; unpack it and give the folder: 7z x FILE")),
    (0, b"Rar!", say("a RAR archive; unpack it and give the folder: unrar x FILE")),
    (257, b"ustar", say("a tar archive; unpack it and give the folder: tar -xf FILE")),
    (0, b"\x1f\x8b", say("a file packed by gzip; unpack it: gunzip FILE")),
    (0, b"BZh", say("a file packed by bzip2; unpack it: bunzip2 FILE")),
    (0, b"\xfd7zXZ\0", say("a file packed by xz; unpack it: unxz FILE")),
    (0, b"\x28\xb5\x2f\xfd", say("a file packed by zstd; unpack it: unzstd FILE")),
)
_TAR_SUFFIXES = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")


def sniff(head: bytes) -> bool:
    """Say whether a file that begins with these bytes is a picture or scan, for files whose name does not tell."""
    return (
        head.startswith(_MAGIC)
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or _brand(head) in (*_AVIF_BRANDS, *_HEIF_BRANDS)
        or any(head.startswith(magic, place) for place, magic in _SCANS)
    )


def format_of(name: str) -> str | None:
    """The format that a file's name says, as Pillow calls it; None of a name that says none that is read."""
    return _OWN_SUFFIXES.get(suffix_of(name))


def formats_of(name: str) -> tuple[str, ...]:
    """The formats, as Pillow calls them, in which a file of this name may be opened."""
    more = _BY_SUFFIX.get(suffix_of(name))
    return (*FORMATS, more) if more else FORMATS


def is_as_named(name: str, format_: str) -> bool:
    """Say whether a file's suffix is that of the format, as Pillow calls it."""
    return format_of(name) == _OTHER_NAMES.get(format_, format_)


def is_raw(name: str, head: bytes = b"") -> bool:
    """Say whether a file is a camera's, in which a TIFF reader would find but a small preview."""
    return suffix_of(name) in _RAW_SUFFIXES or head[8:10] == b"CR"


def is_heif(head: bytes) -> bool:
    """Say whether these are the first bytes of a HEIF picture, such as a telephone's HEIC."""
    return _brand(head) in _HEIF_BRANDS


def is_video(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a video."""
    return describe(head, "") == _VIDEO


def describe(head: bytes, name: str) -> str | None:
    """Return what a file with these first bytes is, and what would open it; None where that is unknown."""
    if is_raw(name):
        return _RAW
    lower = name.lower()
    if lower.endswith(_TAR_SUFFIXES):
        return say("a tar archive; unpack it and give the folder: tar -xf FILE")
    if lower.endswith(".nii.gz"):
        return _scan("NIfTI", "nibabel")
    for place, magic, text in _FOREIGN:
        if head.startswith(magic, place):
            return text
    if brand := _brand(head):
        return _RAW if brand == b"crx " else _VIDEO if brand not in (*_AVIF_BRANDS, *_HEIF_BRANDS) else None
    begins = head.lower()
    if b"<svg" in begins:
        return say("an SVG drawing; draw it as PNG: rsvg-convert FILE -o FILE.png")
    if b"<!doctype html" in begins or b"<html" in begins:
        return say("an HTML page, as servers send where a picture is missing; fetch it again")
    return None


def _brand(head: bytes) -> bytes:
    """The brand of a file of ISO's media format; HEIF's own brand may be AVIF's as well, as the list after it says."""
    if head[4:8] != b"ftyp":
        return b""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = (head[8:12], *(head[start : start + 4] for start in range(16, end, 4)))
    return next((brand for brand in brands if brand in _AVIF_BRANDS), brands[0])


def suffix_of(name: str) -> str:
    """The suffix of a file's relative name in small letters; so many are asked for that none is made a path."""
    return posixpath.splitext(name)[1].lower()
