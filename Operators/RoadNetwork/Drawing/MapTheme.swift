/// The colours of a drawn map.
public enum MapTheme: String, CaseIterable, Sendable {
    /// Dark roads' colours on light ground.
    case light
    /// Bright roads' colours on dark ground.
    case dark
    /// Light, and dark where the viewer prefers it (`prefers-color-scheme`).
    case automatic

    /// The style sheet.
    var css: String {
        switch self {
        case .light: MapTheme.rules(.day)
        case .dark: MapTheme.rules(.night)
        case .automatic:
            MapTheme.rules(.day) + "@media(prefers-color-scheme:dark){"
                + MapTheme.rules(.night) + "}"
        }
    }

    struct Palette {
        var ground: String
        var casing: String
        var road: String
        var major: String
        var text: String
        var faint: String
        var panel: String
        /// One colour for each ``SpeedBand``, free flow first.
        var bands: [String]

        static let day = Palette(
            ground: "#f5f3ee", casing: "#d9d4c9", road: "#ffffff", major: "#fffdf7",
            text: "#2b2a27", faint: "#77736a", panel: "#fffefb",
            bands: ["#2f9e6e", "#94bd3f", "#f2b632", "#ec7a2d", "#d42f2f", "#7a1029"])
        static let night = Palette(
            ground: "#12161b", casing: "#0b0e12", road: "#272e36", major: "#343d47",
            text: "#e9e6df", faint: "#98a0a8", panel: "#1b2128",
            bands: ["#37b57f", "#a7cc4b", "#f7c548", "#fa8f3c", "#f2504a", "#c2185b"])
    }

    private static func rules(_ palette: Palette) -> String {
        var css = ".g{fill:\(palette.ground)}.c{stroke:\(palette.casing)}"
        css += ".r{stroke:\(palette.road)}.m{stroke:\(palette.major)}"
        css += ".t{fill:\(palette.text)}.f{fill:\(palette.faint)}"
        css += ".p{fill:\(palette.panel);fill-opacity:.93}"
        css += ".b{stroke:\(palette.text);stroke-width:2.5}"
        css += ".i{fill:\(palette.bands[4]);stroke:\(palette.panel);stroke-width:4}"
        // The sign of a closed road, and its line: red with white bars in every light.
        css += ".e{fill:#c1121f;stroke:#fff;stroke-width:4}.w{fill:#fff}"
        css += ".x{stroke:#c1121f}.y{stroke:#fff;stroke-dasharray:7 9;stroke-linecap:butt}"
        css += ".h{stroke:\(palette.bands[4]);stroke-opacity:.3}"
        css += ".j{fill:\(palette.panel)}"
        for (index, color) in palette.bands.enumerated() {
            css += ".s\(index){stroke:\(color)}.k\(index){fill:\(color)}"
        }
        return css
    }
}
