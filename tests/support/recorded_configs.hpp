#pragma once

/// SageMaker's configuration files as real jobs and local modes wrote them (training-contract.md §2, §11,
/// §14), with account numbers and bucket names taken out.
namespace tundish::testing {

struct RecordedJob {
    const char* name;
    const char* hyperparameters;
    const char* input_data_config;
    const char* resource_config;
};

/// Two hosts, October 2020: three keys in resourceconfig.json, framework hyperparameters with JSON quotes.
inline constexpr RecordedJob kTwoHosts2020{
    "2020, two hosts",
    R"({"epochs":"5","optimizer":"\"adam\"","sagemaker_container_log_level":"20","sagemaker_program":"\"algo.py\"",
        "sagemaker_region":"\"us-east-1\"","sagemaker_job_name":"\"Task1-2020-10-05\"",
        "sagemaker_submit_directory":"\"s3://bucket/source.tar.gz\""})",
    R"({"data":{"TrainingInputMode":"File","S3DistributionType":"ShardedByS3Key","RecordWrapperType":"None"},
        "train":{"TrainingInputMode":"File","S3DistributionType":"ShardedByS3Key","RecordWrapperType":"None"}})",
    R"({"current_host":"algo-2","hosts":["algo-1","algo-2"],"network_interface_name":"eth0"})"};

/// A container of one's own, September 2022.
inline constexpr RecordedJob kOwnContainer2022{
    "2022, own container", R"({})",
    R"({"train":{"ContentType":"application/x-recordio","TrainingInputMode":"File","S3DistributionType":"FullyReplicated",
        "RecordWrapperType":"None"},
        "validation":{"TrainingInputMode":"File","S3DistributionType":"FullyReplicated","RecordWrapperType":"None"}})",
    R"({"current_host":"algo-1","current_instance_type":"ml.c5.xlarge","current_group_name":"homogeneousCluster",
        "hosts":["algo-1"],"instance_groups":[{"instance_group_name":"homogeneousCluster",
        "instance_type":"ml.c5.xlarge","hosts":["algo-1"]}],"network_interface_name":"eth0"})"};

/// December 2025: `topology` is null.
inline constexpr RecordedJob kTopologyNull2025{
    "2025, topology null",
    R"({"learning-rate":"0.001","batch-size":"256","epochs":"2","optimizer":"adam","model_dir":"s3://bucket/model"})",
    R"({"train":{"TrainingInputMode":"FastFile","S3DistributionType":"FullyReplicated","RecordWrapperType":"None"}})",
    R"({"current_host":"algo-1","current_instance_type":"ml.g5.xlarge","current_group_name":"homogeneousCluster",
        "hosts":["algo-1"],"instance_groups":[{"instance_group_name":"homogeneousCluster",
        "instance_type":"ml.g5.xlarge","hosts":["algo-1"]}],"network_interface_name":"eth0","topology":null})"};

/// SDK v2's LocalSession: JSON-encoded hyperparameters, hosts with a random ending.
inline constexpr RecordedJob kLocalV2{
    "local mode, SDK v2",
    R"({"epochs":"3","optimizer":"\"sgd\"","early_stopping":"true","lr_scheduler_step":"[1, 2]"})",
    R"({"train":{"TrainingInputMode":"File"}})",
    R"({"current_host":"algo-1-x7k2p","hosts":["algo-1-x7k2p"],"network_interface_name":"eth0",
        "current_instance_type":"local"})"};

/// SDK v3's ModelTrainer: bare strings, a network interface that is not there, two channels of its own.
inline constexpr RecordedJob kLocalV3{
    "local mode, SDK v3", R"({"epochs":"3","optimizer":"sgd","early_stopping":"true","lr_scheduler_step":"[1, 2]"})",
    R"({"train":{"TrainingInputMode":"File","ContentType":"image/png"},"code":{"TrainingInputMode":"File"},
        "sm_drivers":{"TrainingInputMode":"File"}})",
    R"({"current_host":"algo-1","hosts":["algo-1"],"network_interface_name":"ethwe",
        "current_instance_type":"local_cpu"})"};

/// One job of a tuning job over a built-in Image Classification configuration.
inline constexpr RecordedJob kTuningJob{
    "tuning job",
    R"({"_tuning_objective_metric":"validation:accuracy","learning_rate":"0.0012589254117941675","mini_batch_size":"64",
        "optimizer":"\"rmsprop\"","num_classes":"10","num_training_samples":"50000","image_shape":"3,32,32",
        "kv_store":"dist_sync","use_pretrained_model":"0","early_stopping":"True","precision_dtype":"float32"})",
    R"({"train":{"ContentType":"application/x-image","TrainingInputMode":"File","S3DistributionType":"FullyReplicated",
        "RecordWrapperType":"None"},
        "train_lst":{"ContentType":"application/x-image","TrainingInputMode":"File",
        "S3DistributionType":"FullyReplicated","RecordWrapperType":"None"},
        "test":{"ContentType":"application/x-image","TrainingInputMode":"File","S3DistributionType":"FullyReplicated",
        "RecordWrapperType":"None"}})",
    R"({"current_host":"algo-1","current_instance_type":"ml.m5.2xlarge","current_group_name":"homogeneousCluster",
        "hosts":["algo-1"],"instance_groups":[{"instance_group_name":"homogeneousCluster",
        "instance_type":"ml.m5.2xlarge","hosts":["algo-1"]}],"network_interface_name":"eth0","topology":null})"};

/// Two instance groups; hosts within a group are not sorted, and UltraServers tell their topology.
inline constexpr RecordedJob kHeterogeneous{
    "heterogeneous cluster",
    R"({"sagemaker_distribution_instance_groups":"[\"train_group\"]","sagemaker_instance_type":"\"ml.p4d.24xlarge\""})",
    R"({"train":{"TrainingInputMode":"File","S3DistributionType":"FullyReplicated","RecordWrapperType":"None"}})",
    R"({"current_host":"algo-3","current_instance_type":"ml.p4d.24xlarge","current_group_name":"train_group",
        "hosts":["algo-1","algo-2","algo-3"],"instance_groups":[
        {"instance_group_name":"data_group","instance_type":"ml.c5.18xlarge","hosts":["algo-2"]},
        {"instance_group_name":"train_group","instance_type":"ml.p4d.24xlarge","hosts":["algo-3","algo-1"]}],
        "network_interface_name":"eth0","topology":[{"hostName":"algo-1","capacityUnitId":"a"}]})"};

inline constexpr const RecordedJob* kRecordedJobs[] = {
    &kTwoHosts2020, &kOwnContainer2022, &kTopologyNull2025, &kLocalV2, &kLocalV3, &kTuningJob, &kHeterogeneous};

}  // namespace tundish::testing
