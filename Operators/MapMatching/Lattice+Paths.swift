internal import Foundation

extension Lattice {
    /// The sum of the probabilities of places, beside the best one's.
    func probability(of places: Range<Int>) -> Float {
        candidates[places].reduce(0) { $0 + exp($1.score) }
    }

    /// How much of the probability of all paths to the newest step leads through a place of a step.
    func confidence(inPlace place: Int, ofStep step: Int) -> Float {
        let last = steps.count - 1
        guard last >= 0 else { return 1 }
        var (through, all) = (Float(0), Float(0))
        for (index, candidate) in candidates[range(last)].enumerated() {
            let probability = exp(candidate.score)
            all += probability
            var (at, back) = (last, index)
            while at > step, back >= 0 {
                back = Int(candidates[range(at).lowerBound + back].back)
                at -= 1
            }
            if back == place { through += probability }
        }
        return all > 0 ? through / all : 1
    }

    /// Milliseconds between the oldest undecided step's predecessor and the newest step.
    var waitingTime: Int64 {
        guard steps.count > 1, let last = steps.last else { return 0 }
        return last.time - steps[1].time
    }

    /// The place of a step with the most probable path, the first of equals.
    func bestPlace(ofStep step: Int) -> Int {
        let range = range(step)
        var best = range.lowerBound
        for place in range where candidates[place].score > candidates[best].score { best = place }
        return best - range.lowerBound
    }
}
