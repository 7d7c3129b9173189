package protocol

import (
	"maps"
	"slices"
	"sync"
)

// Membership is what a group member tells: the partitions that it holds, and the records whose commit succeeded. What
// was polled but not committed when its partition goes is forgotten; the next owner reads it again.
type Membership struct {
	// Leaving is closed when the member shall leave.
	Leaving chan struct{}

	lock    sync.Mutex
	held    map[int32]bool
	pending map[int32][]Record
}

// NewMembership listens for the command to leave.
func NewMembership() *Membership {
	m := &Membership{Leaving: make(chan struct{}), held: map[int32]bool{}, pending: map[int32][]Record{}}
	go func() {
		read() // leave, or the end of input
		close(m.Leaving)
	}()
	return m
}

// IsLeaving is true once the member shall leave.
func (m *Membership) IsLeaving() bool {
	select {
	case <-m.Leaving:
		return true
	default:
		return false
	}
}

// Assigned adds partitions.
func (m *Membership) Assigned(partitions []int32) {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, partition := range partitions {
		m.held[partition] = true
	}
	m.tellHeld()
}

// Revoked takes partitions away, with what is not committed of them.
func (m *Membership) Revoked(partitions []int32) {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, partition := range partitions {
		delete(m.held, partition)
		delete(m.pending, partition)
	}
	m.tellHeld()
}

func (m *Membership) tellHeld() {
	write(map[string]any{"holds": slices.AppendSeq([]int32{}, maps.Keys(m.held))})
}

// Polled keeps a record until Committed.
func (m *Membership) Polled(record Record) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.pending[*record.Partition] = append(m.pending[*record.Partition], record)
}

// OwesACommit is true while something is polled and not committed.
func (m *Membership) OwesACommit() bool {
	m.lock.Lock()
	defer m.lock.Unlock()
	return len(m.pending) > 0
}

// Committed tells all that was polled.
func (m *Membership) Committed() {
	m.lock.Lock()
	defer m.lock.Unlock()
	write(map[string]any{"taken": slices.Concat(slices.Collect(maps.Values(m.pending))...)})
	clear(m.pending)
}

// CommittedOf tells what was polled of one partition.
func (m *Membership) CommittedOf(partition int32) {
	m.lock.Lock()
	defer m.lock.Unlock()
	write(map[string]any{"taken": append([]Record{}, m.pending[partition]...)})
	delete(m.pending, partition)
}
