package main

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"

	"pykbroker/clients/protocol"
)

const most = 500 // records between two commits

func member(c protocol.Command) (any, error) {
	balancers := map[string]kafka.GroupBalancer{
		"range": kafka.RangeGroupBalancer{}, "roundrobin": kafka.RoundRobinGroupBalancer{},
	}
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                     c.Group,
		Brokers:                []string{address},
		Topics:                 []string{c.Topic},
		GroupBalancers:         []kafka.GroupBalancer{balancers[c.Assignor]},
		HeartbeatInterval:      200 * time.Millisecond,
		SessionTimeout:         6 * time.Second,
		JoinGroupBackoff:       50 * time.Millisecond,
		WatchPartitionChanges:  true,
		PartitionWatchInterval: time.Second,
		StartOffset:            kafka.FirstOffset,
	})
	if err != nil {
		return nil, err
	}
	told := protocol.NewMembership()
	until, cancel := context.WithCancel(ctx)
	go func() {
		<-told.Leaving
		cancel()
	}()
	held := []int32{}
	for !told.IsLeaving() {
		generation, err := group.Next(until)
		if err != nil {
			continue // the broker may be away: Next waits a little, and tries again
		}
		told.Revoked(held)
		held = held[:0]
		assigned := generation.Assignments[c.Topic]
		for _, assignment := range assigned {
			held = append(held, int32(assignment.ID))
		}
		told.Assigned(held)
		for _, assignment := range assigned {
			generation.Start(func(during context.Context) { take(during, told, generation, c.Topic, assignment) })
		}
	}
	return nil, group.Close()
}

// take reads and commits one partition until the generation ends; it ends the generation when a commit fails.
func take(
	during context.Context,
	told *protocol.Membership,
	generation *kafka.Generation,
	topic string,
	assignment kafka.PartitionAssignment,
) {
	partition := int32(assignment.ID)
	reader := newReader(topic, partition, assignment.Offset, kafka.ReaderConfig{})
	defer reader.Close()
	for {
		message, err := reader.FetchMessage(during)
		if err != nil {
			return
		}
		told.Polled(shown(message))
		next := message.Offset + 1
		for range most {
			soon, cancel := context.WithTimeout(during, 5*time.Millisecond)
			message, err := reader.FetchMessage(soon)
			cancel()
			if err != nil {
				break
			}
			told.Polled(shown(message))
			next = message.Offset + 1
		}
		if generation.CommitOffsets(map[string]map[int]int64{topic: {assignment.ID: next}}) != nil {
			return
		}
		told.CommittedOf(partition)
	}
}
