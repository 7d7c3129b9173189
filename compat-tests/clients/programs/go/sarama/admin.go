package main

import (
	"maps"
	"slices"
	"strconv"

	"github.com/IBM/sarama"

	"pykbroker/clients/protocol"
)

// addAdministration adds the verbs of a Client and its ClusterAdmin, made anew for each so that no metadata is old.
func addAdministration(verbs protocol.Verbs) {
	add := func(name string, verb func(sarama.Client, sarama.ClusterAdmin, protocol.Command) (any, error)) {
		verbs[name] = func(c protocol.Command) (any, error) {
			client, err := sarama.NewClient(addresses, newConfig())
			if err != nil {
				return nil, err
			}
			defer client.Close()
			admin, err := sarama.NewClusterAdminFromClient(client)
			if err != nil {
				return nil, err
			}
			return verb(client, admin, c)
		}
	}
	add("offsets_for_times", offsetsForTimes)
	add("watermarks", watermarks)
	add("commit", commit)
	add("committed", committed)
	add("create_topic", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		detail := &sarama.TopicDetail{NumPartitions: c.PartitionCount(), ReplicationFactor: 1, ConfigEntries: map[string]*string{}}
		for name, value := range c.Configs {
			detail.ConfigEntries[name] = &value
		}
		return nil, admin.CreateTopic(c.Topic, detail, false)
	})
	add("delete_topic", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		return nil, admin.DeleteTopic(c.Topic)
	})
	add("topics", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		found, err := admin.ListTopics()
		return slices.AppendSeq([]string{}, maps.Keys(found)), err
	})
	add("partition_count", partitionCount)
	add("create_partitions", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		return nil, admin.CreatePartitions(c.Topic, int32(c.Total), nil, false)
	})
	add("topic_configs", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		return configs(admin, sarama.TopicResource, c.Topic)
	})
	add("broker_configs", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		return configs(admin, sarama.BrokerResource, strconv.Itoa(int(c.Broker)))
	})
	add("alter_topic_config", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		change := sarama.IncrementalAlterConfigsEntry{
			Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &c.Value,
		}
		changes := map[string]sarama.IncrementalAlterConfigsEntry{c.Name: change}
		return nil, admin.IncrementalAlterConfig(sarama.TopicResource, c.Topic, changes, false)
	})
	add("delete_records", deleteRecords)
	add("groups", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		found, err := admin.ListConsumerGroups()
		return slices.AppendSeq([]string{}, maps.Keys(found)), err
	})
	add("describe_group", describeGroup)
	add("delete_group", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		return nil, admin.DeleteConsumerGroup(c.Group)
	})
	add("broker_ids", func(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
		brokers, _, err := admin.DescribeCluster()
		ids := []int32{}
		for _, broker := range brokers {
			ids = append(ids, broker.ID())
		}
		return ids, err
	})
}

// asError turns the code 0 into no error.
func asError(code sarama.KError) error {
	if code == sarama.ErrNoError {
		return nil
	}
	return code
}

func orNull(offset int64) *int64 {
	if offset < 0 {
		return nil
	}
	return &offset
}

func offsetsForTimes(client sarama.Client, _ sarama.ClusterAdmin, c protocol.Command) (any, error) {
	found := map[int32]*int64{}
	for partition, ms := range c.Times {
		offset, err := client.GetOffset(c.Topic, partition, ms)
		if err != nil {
			return nil, err
		}
		found[partition] = orNull(offset)
	}
	return found, nil
}

func watermarks(client sarama.Client, _ sarama.ClusterAdmin, c protocol.Command) (any, error) {
	low, err := client.GetOffset(c.Topic, c.Partition, sarama.OffsetOldest)
	if err != nil {
		return nil, err
	}
	high, err := client.GetOffset(c.Topic, c.Partition, sarama.OffsetNewest)
	return [2]int64{low, high}, err
}

func commit(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
	places := map[int32]sarama.OffsetAndMetadata{}
	for partition, offset := range c.Offsets {
		places[partition] = sarama.OffsetAndMetadata{Offset: offset, LeaderEpoch: -1}
	}
	offsets := map[string]map[int32]sarama.OffsetAndMetadata{c.Topic: places}
	done, err := admin.AlterConsumerGroupOffsets(c.Group, offsets, nil)
	if err != nil {
		return nil, err
	}
	for _, code := range done.Errors[c.Topic] {
		if err := asError(code); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// committedOf is the offset at which a group goes on; negative where it has none.
func committedOf(client sarama.Client, group, topic string, partition int32) (int64, error) {
	manager, err := sarama.NewOffsetManagerFromClient(group, client)
	if err != nil {
		return 0, err
	}
	defer manager.Close()
	managed, err := manager.ManagePartition(topic, partition)
	if err != nil {
		return 0, err
	}
	defer managed.AsyncClose()
	offset, _ := managed.NextOffset()
	return offset, nil
}

func committed(client sarama.Client, _ sarama.ClusterAdmin, c protocol.Command) (any, error) {
	found := map[int32]*int64{}
	for _, partition := range c.PartitionList() {
		offset, err := committedOf(client, c.Group, c.Topic, partition)
		if err != nil {
			return nil, err
		}
		found[partition] = orNull(offset)
	}
	return found, nil
}

func partitionCount(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
	found, err := admin.DescribeTopics([]string{c.Topic})
	if err != nil {
		return nil, err
	}
	return len(found[0].Partitions), asError(found[0].Err)
}

func configs(admin sarama.ClusterAdmin, kind sarama.ConfigResourceType, name string) (any, error) {
	found, err := admin.DescribeConfig(sarama.ConfigResource{Type: kind, Name: name})
	values := map[string]string{}
	for _, entry := range found {
		values[entry.Name] = entry.Value
	}
	return values, err
}

// deleteRecords asks for the low watermarks afterwards: Sarama does not give those of the answer.
func deleteRecords(client sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
	if err := admin.DeleteRecords(c.Topic, c.Before); err != nil {
		return nil, err
	}
	low := map[int32]int64{}
	for partition := range c.Before {
		offset, err := client.GetOffset(c.Topic, partition, sarama.OffsetOldest)
		if err != nil {
			return nil, err
		}
		low[partition] = offset
	}
	return low, nil
}

func describeGroup(_ sarama.Client, admin sarama.ClusterAdmin, c protocol.Command) (any, error) {
	found, err := admin.DescribeConsumerGroups([]string{c.Group})
	if err != nil {
		return nil, err
	}
	return []any{found[0].State, len(found[0].Members)}, asError(found[0].Err)
}
