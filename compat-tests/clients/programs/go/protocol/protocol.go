// Package protocol is the Go side of drivers/program.py: one JSON object a line in, one answer a line out.
package protocol

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"
	"time"
)

// Command is a verb with the arguments that it takes; the others are zero.
type Command struct {
	Verb            string
	Producer        int
	Topic           string
	Group           string
	Partition       int32
	Partitions      json.RawMessage // a count (create_topic) or a list (committed)
	Starts          map[int32]int64
	Offsets         map[int32]int64
	Before          map[int32]int64
	Times           map[int32]int64 `json:"times_ms"`
	Count           int
	Timeout         int64 `json:"timeout_ms"`
	PartitionBytes  int32 `json:"partition_bytes"`
	CommittedOnly   bool  `json:"committed_only"`
	Acks            string
	Codec           string
	Idempotent      bool
	TransactionalID string `json:"transactional_id"`
	MaxBytes        int32  `json:"max_bytes"`
	Message         Record
	Commit          bool
	Assignor        string
	InstanceID      string `json:"instance_id"`
	Total           int
	Configs         map[string]string
	Name            string
	Value           string
	Broker          int32
}

// PartitionCount of create_topic.
func (c Command) PartitionCount() (count int32) {
	check(json.Unmarshal(c.Partitions, &count))
	return count
}

// PartitionList of committed.
func (c Command) PartitionList() (list []int32) {
	check(json.Unmarshal(c.Partitions, &list))
	return list
}

// For is the time that the command has.
func (c Command) For() time.Duration {
	return time.Duration(c.Timeout) * time.Millisecond
}

// Header has the value null or base64, as encoding/json writes bytes.
type Header struct {
	Key   string
	Value []byte
}

// MarshalJSON writes a pair.
func (h Header) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{h.Key, h.Value})
}

// UnmarshalJSON reads a pair.
func (h *Header) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&h.Key, &h.Value})
}

// Record is what is sent (no partition: the client chooses; no time: now) and what was read.
type Record struct {
	Partition *int32   `json:"partition"`
	Offset    int64    `json:"offset"`
	TimeMs    *int64   `json:"timestamp_ms"`
	Key       []byte   `json:"key"`
	Value     []byte   `json:"value"`
	Headers   []Header `json:"headers"`
}

// Time of a record to be sent; the zero time means now.
func (r Record) Time() time.Time {
	if r.TimeMs == nil {
		return time.Time{}
	}
	return time.UnixMilli(*r.TimeMs)
}

// Read makes a record that was read.
func Read(partition int32, offset int64, at time.Time, key, value []byte, headers []Header) Record {
	if headers == nil {
		headers = []Header{}
	}
	ms := at.UnixMilli()
	return Record{&partition, offset, &ms, key, value, headers}
}

// About is what a program says of its library.
type About struct {
	Version   string            `json:"version"`
	Codecs    []string          `json:"codecs"`
	Assignors []string          `json:"assignors"`
	Cannot    map[string]string `json:"cannot"`
}

// Verbs by name.
type Verbs map[string]func(Command) (any, error)

var (
	input   = bufio.NewReaderSize(os.Stdin, 1<<20)
	writing sync.Mutex
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func write(answer map[string]any) {
	line, err := json.Marshal(answer)
	check(err)
	writing.Lock()
	defer writing.Unlock()
	_, err = os.Stdout.Write(append(line, '\n'))
	check(err)
}

func read() (command Command, isThere bool) {
	line, err := input.ReadBytes('\n')
	if err != nil {
		return command, false
	}
	check(json.Unmarshal(line, &command))
	return command, true
}

// Serve answers commands until the input ends. code tells Kafka's code of an error of the library, or -1.
func Serve(about About, verbs Verbs, code func(error) int) {
	for command, isThere := read(); isThere; command, isThere = read() {
		if command.Verb == "about" {
			write(map[string]any{"ok": about})
			continue
		}
		answer, err := verbs[command.Verb](command)
		if err != nil {
			write(map[string]any{"error": code(err), "text": err.Error()})
		} else {
			write(map[string]any{"ok": answer})
		}
	}
}
