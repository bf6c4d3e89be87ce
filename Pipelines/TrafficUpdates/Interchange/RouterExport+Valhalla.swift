public import RoadNetwork

extension RouterExport {
    /// Valhalla's archive with what lies along its edges.
    ///
    /// Tiles that are made anew have other edges: the archive and the table of its edges are opened anew then, and
    /// have to fit each other.
    public struct Valhalla {
        /// Where the archive is.
        public let archive: String
        /// Where the table of its edges is.
        public let table: String
        /// The archive.
        private(set) var traffic: ValhallaTraffic
        /// Its edges.
        public private(set) var edges: ValhallaEdges
        private var identity: FileIdentity?

        /// Opens the two.
        ///
        /// - Throws: ``RoadNetworkError`` when one can't be read, or they don't fit each other.
        public init(
            archive: String, edges table: String, along graph: RoadGraph
        ) throws(RoadNetworkError) {
            self.archive = archive
            self.table = table
            traffic = try ValhallaTraffic(path: archive)
            // Before the reading: what is written meanwhile is another table.
            identity = FileIdentity(path: table)
            edges = try ValhallaEdges(contentsOfFile: table, along: graph)
            try edges.check(against: traffic)
        }

        /// Maps the archive anew, whatever edges it has.
        mutating func mapAnew() throws(RoadNetworkError) {
            traffic = try ValhallaTraffic(path: archive)
        }

        /// Opens the two anew; a table that is still the same is not read again.
        mutating func openAnew(along graph: RoadGraph) throws(RoadNetworkError) {
            try mapAnew()
            let identity = FileIdentity(path: table)
            if identity != self.identity {
                edges = try ValhallaEdges(contentsOfFile: table, along: graph)
                self.identity = identity
            }
            try edges.check(against: traffic)
        }
    }
}
