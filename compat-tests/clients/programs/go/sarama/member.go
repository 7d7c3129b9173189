package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/IBM/sarama"

	"pykbroker/clients/protocol"
)

func member(c protocol.Command) (any, error) {
	config := newConfig()
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{
		map[string]func() sarama.BalanceStrategy{
			"range":      sarama.NewBalanceStrategyRange,
			"roundrobin": sarama.NewBalanceStrategyRoundRobin,
			"sticky":     sarama.NewBalanceStrategySticky,
		}[c.Assignor](),
	}
	config.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.InstanceId = c.InstanceID
	config.Metadata.RefreshFrequency = 2 * time.Second
	client, err := sarama.NewClient(addresses, config)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	group, err := sarama.NewConsumerGroupFromClient(c.Group, client)
	if err != nil {
		return nil, err
	}
	go func() {
		for err := range group.Errors() {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	told := protocol.NewMembership()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-told.Leaving
		cancel()
	}()
	for !told.IsLeaving() {
		if err := group.Consume(ctx, []string{c.Topic}, handler{told, client, c}); err != nil {
			fmt.Fprintln(os.Stderr, err) // the broker may be away: try again
			time.Sleep(50 * time.Millisecond)
		}
	}
	return nil, group.Close()
}

type handler struct {
	told    *protocol.Membership
	client  sarama.Client
	command protocol.Command
}

func (h handler) Setup(session sarama.ConsumerGroupSession) error {
	h.told.Assigned(session.Claims()[h.command.Topic])
	return nil
}

func (h handler) Cleanup(session sarama.ConsumerGroupSession) error {
	h.told.Revoked(session.Claims()[h.command.Topic])
	return nil
}

func (h handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		h.told.Polled(shown(message))
		for range len(claim.Messages()) {
			message = <-claim.Messages()
			h.told.Polled(shown(message))
		}
		session.MarkMessage(message, "")
		for session.Context().Err() == nil {
			session.Commit()
			if h.isCommitted(claim.Partition(), message.Offset+1) {
				h.told.CommittedOf(claim.Partition())
				break
			}
		}
	}
	return nil
}

// isCommitted asks the broker: Sarama's Commit does not tell whether it succeeded.
func (h handler) isCommitted(partition int32, offset int64) bool {
	found, err := committedOf(h.client, h.command.Group, h.command.Topic, partition)
	return err == nil && found == offset
}
