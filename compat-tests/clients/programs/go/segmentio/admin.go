package main

import (
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"pykbroker/clients/protocol"
)

// addAdministration adds the verbs of a Client, made anew for each so that no connection is old.
func addAdministration(verbs protocol.Verbs) {
	add := func(name string, verb func(*kafka.Client, protocol.Command) (any, error)) {
		verbs[name] = func(c protocol.Command) (any, error) {
			transport := &kafka.Transport{}
			defer transport.CloseIdleConnections()
			return verb(&kafka.Client{Addr: kafka.TCP(address), Timeout: 20 * time.Second, Transport: transport}, c)
		}
	}
	add("offsets_for_times", offsetsForTimes)
	add("watermarks", watermarks)
	add("commit", commit)
	add("committed", committed)
	add("create_topic", createTopic)
	add("delete_topic", func(client *kafka.Client, c protocol.Command) (any, error) {
		done, err := client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{c.Topic}})
		if err != nil {
			return nil, err
		}
		return nil, done.Errors[c.Topic]
	})
	add("topics", func(client *kafka.Client, c protocol.Command) (any, error) {
		found, err := client.Metadata(ctx, &kafka.MetadataRequest{})
		if err != nil {
			return nil, err
		}
		names := []string{}
		for _, topic := range found.Topics {
			names = append(names, topic.Name)
		}
		return names, nil
	})
	add("partition_count", func(client *kafka.Client, c protocol.Command) (any, error) {
		found, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{c.Topic}})
		if err != nil {
			return nil, err
		}
		return len(found.Topics[0].Partitions), found.Topics[0].Error
	})
	add("create_partitions", func(client *kafka.Client, c protocol.Command) (any, error) {
		topics := []kafka.TopicPartitionsConfig{{Name: c.Topic, Count: int32(c.Total)}}
		done, err := client.CreatePartitions(ctx, &kafka.CreatePartitionsRequest{Topics: topics})
		if err != nil {
			return nil, err
		}
		return nil, done.Errors[c.Topic]
	})
	add("topic_configs", func(client *kafka.Client, c protocol.Command) (any, error) {
		return configs(client, kafka.ResourceTypeTopic, c.Topic)
	})
	add("broker_configs", func(client *kafka.Client, c protocol.Command) (any, error) {
		return configs(client, kafka.ResourceTypeBroker, strconv.Itoa(int(c.Broker)))
	})
	add("alter_topic_config", alterTopicConfig)
	add("groups", func(client *kafka.Client, c protocol.Command) (any, error) {
		found, err := client.ListGroups(ctx, &kafka.ListGroupsRequest{})
		if err != nil {
			return nil, err
		}
		ids := []string{}
		for _, group := range found.Groups {
			ids = append(ids, group.GroupID)
		}
		return ids, found.Error
	})
	add("describe_group", func(client *kafka.Client, c protocol.Command) (any, error) {
		found, err := client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{c.Group}})
		if err != nil {
			return nil, err
		}
		group := found.Groups[0]
		return []any{group.GroupState, len(group.Members)}, group.Error
	})
	add("delete_group", func(client *kafka.Client, c protocol.Command) (any, error) {
		done, err := client.DeleteGroups(ctx, &kafka.DeleteGroupsRequest{GroupIDs: []string{c.Group}})
		if err != nil {
			return nil, err
		}
		return nil, done.Errors[c.Group]
	})
	add("broker_ids", func(client *kafka.Client, c protocol.Command) (any, error) {
		found, err := client.Metadata(ctx, &kafka.MetadataRequest{})
		if err != nil {
			return nil, err
		}
		ids := []int{}
		for _, broker := range found.Brokers {
			ids = append(ids, broker.ID)
		}
		return ids, nil
	})
}

func listOffsets(client *kafka.Client, topic string, asked ...kafka.OffsetRequest) ([]kafka.PartitionOffsets, error) {
	topics := map[string][]kafka.OffsetRequest{topic: asked}
	found, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: topics})
	if err != nil {
		return nil, err
	}
	for _, partition := range found.Topics[topic] {
		if partition.Error != nil {
			return nil, partition.Error
		}
	}
	return found.Topics[topic], nil
}

func offsetsForTimes(client *kafka.Client, c protocol.Command) (any, error) {
	found := map[int32]*int64{}
	for partition, ms := range c.Times {
		rows, err := listOffsets(client, c.Topic, kafka.OffsetRequest{Partition: int(partition), Timestamp: ms})
		if err != nil {
			return nil, err
		}
		found[partition] = nil
		for offset := range rows[0].Offsets {
			if offset >= 0 {
				found[partition] = &offset
			}
		}
	}
	return found, nil
}

func watermarks(client *kafka.Client, c protocol.Command) (any, error) {
	partition := int(c.Partition)
	rows, err := listOffsets(client, c.Topic, kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition))
	if err != nil {
		return nil, err
	}
	return [2]int64{rows[0].FirstOffset, rows[0].LastOffset}, nil
}

func commit(client *kafka.Client, c protocol.Command) (any, error) {
	places := []kafka.OffsetCommit{}
	for partition, offset := range c.Offsets {
		places = append(places, kafka.OffsetCommit{Partition: int(partition), Offset: offset})
	}
	done, err := client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
		GroupID:      c.Group,
		GenerationID: -1,
		Topics:       map[string][]kafka.OffsetCommit{c.Topic: places},
	})
	if err != nil {
		return nil, err
	}
	for _, partition := range done.Topics[c.Topic] {
		if partition.Error != nil {
			return nil, partition.Error
		}
	}
	return nil, nil
}

func committed(client *kafka.Client, c protocol.Command) (any, error) {
	asked := []int{}
	for _, partition := range c.PartitionList() {
		asked = append(asked, int(partition))
	}
	found, err := client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{
		GroupID: c.Group, Topics: map[string][]int{c.Topic: asked},
	})
	if err != nil {
		return nil, err
	}
	offsets := map[int]*int64{}
	for _, partition := range found.Topics[c.Topic] {
		if partition.Error != nil {
			return nil, partition.Error
		}
		offsets[partition.Partition] = nil
		if partition.CommittedOffset >= 0 {
			offsets[partition.Partition] = &partition.CommittedOffset
		}
	}
	return offsets, found.Error
}

func createTopic(client *kafka.Client, c protocol.Command) (any, error) {
	topic := kafka.TopicConfig{Topic: c.Topic, NumPartitions: int(c.PartitionCount()), ReplicationFactor: 1}
	for name, value := range c.Configs {
		topic.ConfigEntries = append(topic.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
	}
	done, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{topic}})
	if err != nil {
		return nil, err
	}
	return nil, done.Errors[c.Topic]
}

func configs(client *kafka.Client, kind kafka.ResourceType, name string) (any, error) {
	resources := []kafka.DescribeConfigRequestResource{{ResourceType: kind, ResourceName: name}}
	found, err := client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: resources})
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, entry := range found.Resources[0].ConfigEntries {
		values[entry.ConfigName] = entry.ConfigValue
	}
	return values, found.Resources[0].Error
}

func alterTopicConfig(client *kafka.Client, c protocol.Command) (any, error) {
	change := kafka.IncrementalAlterConfigsRequestConfig{
		Name: c.Name, Value: c.Value, ConfigOperation: kafka.ConfigOperationSet,
	}
	resource := kafka.IncrementalAlterConfigsRequestResource{
		ResourceType: kafka.ResourceTypeTopic,
		ResourceName: c.Topic,
		Configs:      []kafka.IncrementalAlterConfigsRequestConfig{change},
	}
	resources := []kafka.IncrementalAlterConfigsRequestResource{resource}
	done, err := client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{Resources: resources})
	if err != nil {
		return nil, err
	}
	return nil, done.Resources[0].Error
}
