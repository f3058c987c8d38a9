// Which of several labels of one row holds (docs/formats/ground-truth.md).
//
// A prediction may be labelled by its id, with the row or without, and by the unit that it was about, at several times.
// What is said by id goes before what is said by unit, whenever it is said. By id the newest event time holds, then the
// last arrival; by unit the latest time that is spoken of, in which each key has one label that holds. What takes back
// holds like a value: the row has no label then.
//
// So a label that repeats its own key changes nothing, whatever is said in the other way, and the order in which both
// come does not matter.
// Threads: pure.
#pragma once

#include "journal/ground_truth/label.h"

namespace modelyard::journal {

// Pre: both are of the same row, of different keys. Whether `label` holds and `other` does not.
bool goes_before(const KeptLabel& label, const KeptLabel& other);

}  // namespace modelyard::journal
