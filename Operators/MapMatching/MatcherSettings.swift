/// The matcher's parameters; the defaults suit phones in cars at 1 to 60 s sampling.
public struct MatcherSettings: Hashable, Sendable {
    /// The standard deviation of positions in metres, per axis, that is expected, and the least that is reckoned
    /// with.
    public var sigma = 8.0
    /// The most that a user's own deviation is taken for; what stands for noise in the model, ``sigma``, ``beta`` and
    /// ``stepDistance``, grows with it.
    public var mostSigma = 20.0
    /// For how many decided steps ``sigma`` counts beside what a user's own steps show; 0: nothing is learnt.
    public var sigmaWeight = 12.0
    /// How far from an observation roads are looked for, in metres.
    public var radius = 50.0
    /// How far at most, where nothing lies within ``radius``.
    public var widestRadius = 100.0
    /// The most directed segments that one observation may lie on.
    public var candidates = 24
    /// The scale in metres of the difference between the driven and the straight distance (Newson
    /// and Krumm's β) for observations close together.
    public var beta = 12.0
    /// How ``beta`` grows with the straight distance: longer ways wind more.
    public var betaPerMeter = 0.06
    /// What a U-turn costs, as a negative logarithm of its probability.
    public var uTurnCost = 12.0
    /// What the negative logarithm of a way's share of the ways on costs at each crossing, where a greater road has
    /// the greater share: at 1 a driver is taken to choose by these shares, so that of two ways as good the one with
    /// fewer choices is likelier; more, as most go straight on.
    public var choiceCost = 1.2
    /// What a second at free flow costs: drivers prefer the faster of two ways.
    public var secondCost = 0.12
    /// What is faster than this many times free flow, and a second, costs ``hasteCost`` a second of the
    /// difference.
    public var hasteRatio = 1.0
    /// The price of a second of haste.
    public var hasteCost = 0.8
    /// The most that haste costs between two steps: free flow is only known from the map.
    public var hasteLimit = 2.0
    /// Paths whose probability is less than e to the minus this of the best one's are dropped.
    public var beam = 14.0
    /// Paths whose probability is less than e to the minus this of the best one's hold up no decision.
    public var margin = 11.0
    /// By how much ``margin`` shrinks with every step that a decision waits, down to ``leastMargin``: the longer
    /// a row is awaited, the more doubt is borne.
    public var marginDecay = 3.0
    /// After how many milliseconds without a step, while observations come, a decision has waited for one more.
    public var standingStep: Int64 = 5_000
    /// The least that ``margin`` shrinks to.
    public var leastMargin = 3.7
    /// The fastest that anybody drives, in m/s.
    public var topSpeed = 60.0
    /// The longest way between two observations that is searched, in metres.
    public var longestRoute = 5_000.0

    /// An observation becomes a step of the lattice when it is at least this far from the last step,
    /// in metres, and ``stepInterval`` after it: steps within the noise only mislead.
    public var stepDistance = 10.0
    /// The shortest time between two steps, in milliseconds.
    public var stepInterval: Int64 = 3_500
    /// The longest time without a step while observations come, in milliseconds.
    public var longestStepInterval: Int64 = 15_000

    /// How long an observation is held back so that an earlier one may overtake it, in milliseconds
    /// of event time.
    ///
    /// With the bound of the input's disorder the result doesn't depend on the order of arrival;
    /// with less, an overtaken observation is placed but moves no traversal.
    public var reorderBound: Int64 = 0
    /// The most observations that are held back.
    public var reorderCapacity = 64
    /// How close to a crossing a track's end counts as lying at it, in standard deviations of what is known of its place.
    ///
    /// A piece that short at an end may not have been driven at all, and tells nothing of speed: it is left out; and
    /// a passage that lacks no more at its end counts as reaching the crossing.
    public var endDeviations = 1.0
    /// The most steps that wait for a decision; the most probable path decides then.
    public var lagSteps = 30
    /// The longest that a step waits for a decision, in milliseconds of event time.
    public var lagBound: Int64 = 100_000
    /// A longer silence, in milliseconds, breaks the track.
    public var longestGap: Int64 = 120_000
    /// So many observations in a row that no road or way leads to break the track.
    public var strayLimit = 2

    /// Over how long positions are averaged to tell whether a vehicle moves, in milliseconds.
    public var standingWindow: Int64 = 60_000
    /// After how many milliseconds without motion a vehicle's steps lie at the mean of its positions.
    public var standingAfter: Int64 = 120_000
    /// The longest time without a step while a vehicle surely stands, in milliseconds.
    public var standingStepInterval: Int64 = 30_000
    /// The least metres between the means of windows that are motion.
    public var standingDistance = 25.0
    /// The least distance between the means of windows that is motion, in standard deviations.
    public var standingDeviations = 4.0
    /// How far single positions of a standing vehicle lie from their mean, in metres, if noise is small.
    public var standingRadius = 40.0
    /// How far single positions of a standing vehicle lie from their mean, in standard deviations.
    public var outsideDeviations = 5.0
    /// The most noise that is believed in, in metres per axis; what looks like more is motion.
    public var noiseLimit = 30.0
    /// After how many milliseconds without motion a vehicle on the road has parked: until then it stands in a jam
    /// or at a light, and when it drives on its passage counts.
    public var parkedAfter: Int64 = 600_000
    /// After how many milliseconds a vehicle beside the road has parked.
    public var parkedAsideAfter: Int64 = 300_000
    /// How far from every road's centre line the mean of a vehicle beside the road lies, in metres.
    public var asideDistance = 20.0

    /// The defaults.
    public init() {}
}
