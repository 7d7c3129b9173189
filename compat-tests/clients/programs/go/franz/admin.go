package main

import (
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pykbroker/clients/protocol"
)

// addAdministration adds the verbs of kadm. They share one client, made at the first of them.
func addAdministration(verbs protocol.Verbs) {
	var admin *kadm.Client
	add := func(name string, verb func(*kadm.Client, protocol.Command) (any, error)) {
		verbs[name] = func(c protocol.Command) (any, error) {
			if admin == nil {
				client, err := kgo.NewClient(seeds)
				if err != nil {
					return nil, err
				}
				admin = kadm.NewClient(client)
			}
			return verb(admin, c)
		}
	}
	add("offsets_for_times", offsetsForTimes)
	add("watermarks", watermarks)
	add("commit", func(admin *kadm.Client, c protocol.Command) (any, error) {
		return nil, admin.CommitAllOffsets(ctx, c.Group, offsets(c.Topic, c.Offsets))
	})
	add("committed", committed)
	add("create_topic", createTopic)
	add("delete_topic", func(admin *kadm.Client, c protocol.Command) (any, error) {
		_, err := admin.DeleteTopic(ctx, c.Topic)
		return nil, err
	})
	add("topics", func(admin *kadm.Client, c protocol.Command) (any, error) {
		found, err := admin.ListTopics(ctx)
		return found.Names(), err
	})
	add("partition_count", func(admin *kadm.Client, c protocol.Command) (any, error) {
		found, err := admin.Metadata(ctx, c.Topic)
		if err != nil {
			return nil, err
		}
		return len(found.Topics[c.Topic].Partitions), found.Topics[c.Topic].Err
	})
	add("create_partitions", func(admin *kadm.Client, c protocol.Command) (any, error) {
		done, err := admin.UpdatePartitions(ctx, c.Total, c.Topic)
		if err != nil {
			return nil, err
		}
		return nil, done.Error()
	})
	add("topic_configs", func(admin *kadm.Client, c protocol.Command) (any, error) {
		found, err := admin.DescribeTopicConfigs(ctx, c.Topic)
		return configs(found, err)
	})
	add("broker_configs", func(admin *kadm.Client, c protocol.Command) (any, error) {
		found, err := admin.DescribeBrokerConfigs(ctx, c.Broker)
		return configs(found, err)
	})
	add("alter_topic_config", alterTopicConfig)
	add("delete_records", deleteRecords)
	add("groups", func(admin *kadm.Client, c protocol.Command) (any, error) {
		found, err := admin.ListGroups(ctx)
		return found.Groups(), err
	})
	add("describe_group", func(admin *kadm.Client, c protocol.Command) (any, error) {
		found, err := admin.DescribeGroups(ctx, c.Group)
		if err != nil {
			return nil, err
		}
		group := found[c.Group]
		return []any{group.State, len(group.Members)}, group.Err
	})
	add("delete_group", func(admin *kadm.Client, c protocol.Command) (any, error) {
		_, err := admin.DeleteGroup(ctx, c.Group)
		return nil, err
	})
	add("broker_ids", func(admin *kadm.Client, c protocol.Command) (any, error) {
		found, err := admin.ListBrokers(ctx)
		return found.NodeIDs(), err
	})
}

func offsets(topic string, byPartition map[int32]int64) kadm.Offsets {
	made := kadm.Offsets{}
	for partition, offset := range byPartition {
		made.AddOffset(topic, partition, offset, -1)
	}
	return made
}

func offsetsForTimes(admin *kadm.Client, c protocol.Command) (any, error) {
	found := map[int32]*int64{}
	for partition, ms := range c.Times {
		listed, err := admin.ListOffsetsAfterMilli(ctx, ms, c.Topic)
		if err != nil {
			return nil, err
		}
		where, _ := listed.Lookup(c.Topic, partition)
		if where.Err != nil {
			return nil, where.Err
		}
		found[partition] = nil
		if where.Timestamp >= 0 { // else there is none, and kadm gives the end
			found[partition] = &where.Offset
		}
	}
	return found, nil
}

func watermarks(admin *kadm.Client, c protocol.Command) (any, error) {
	low, err := admin.ListStartOffsets(ctx, c.Topic)
	if err != nil {
		return nil, err
	}
	high, err := admin.ListEndOffsets(ctx, c.Topic)
	if err != nil {
		return nil, err
	}
	first, _ := low.Lookup(c.Topic, c.Partition)
	next, _ := high.Lookup(c.Topic, c.Partition)
	return [2]int64{first.Offset, next.Offset}, next.Err
}

func committed(admin *kadm.Client, c protocol.Command) (any, error) {
	found, err := admin.FetchOffsets(ctx, c.Group)
	if err != nil {
		return nil, err
	}
	offsets := map[int32]*int64{}
	for _, partition := range c.PartitionList() {
		offsets[partition] = nil
		if where, isThere := found.Lookup(c.Topic, partition); isThere && where.At >= 0 {
			offsets[partition] = &where.At
		}
	}
	return offsets, found.Error()
}

func createTopic(admin *kadm.Client, c protocol.Command) (any, error) {
	configs := map[string]*string{}
	for name, value := range c.Configs {
		configs[name] = &value
	}
	_, err := admin.CreateTopic(ctx, c.PartitionCount(), 1, configs, c.Topic)
	return nil, err
}

func configs(found kadm.ResourceConfigs, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	values := map[string]*string{}
	for _, config := range found[0].Configs {
		values[config.Key] = config.Value
	}
	return values, found[0].Err
}

func alterTopicConfig(admin *kadm.Client, c protocol.Command) (any, error) {
	change := kadm.AlterConfig{Op: kadm.SetConfig, Name: c.Name, Value: &c.Value}
	done, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{change}, c.Topic)
	if err != nil {
		return nil, err
	}
	return nil, done[0].Err
}

func deleteRecords(admin *kadm.Client, c protocol.Command) (any, error) {
	done, err := admin.DeleteRecords(ctx, offsets(c.Topic, c.Before))
	if err != nil {
		return nil, err
	}
	low := map[int32]int64{}
	for partition, result := range done[c.Topic] {
		if result.Err != nil {
			return nil, result.Err
		}
		low[partition] = result.LowWatermark
	}
	return low, nil
}
