// Two buckets for voices: recordings of calls, which go after some time, and samples of voices, which stay until they are erased.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership, type CfnBucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { accept } from './accept.ts';

const sealed = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL, encryption: BucketEncryption.S3_MANAGED, enforceSSL: true, objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  removalPolicy: RemovalPolicy.RETAIN,
};
const ABANDONED_UPLOAD = { id: 'abandoned-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) };

export class AudioArchive extends Construct {
  readonly recordings: Bucket;
  readonly voiceSamples: Bucket;

  constructor(scope: Construct, id: string, props: { recordingDays: number }) {
    super(scope, id);
    const accessLog = new Bucket(this, 'AccessLog', { ...sealed, lifecycleRules: [{ id: 'old', expiration: Duration.days(90) }, ABANDONED_UPLOAD] });
    accept(accessLog, { S1: 'This is the bucket that the access logs of the others go to; a log of the log would go on for ever.' });
    this.recordings = new Bucket(this, 'Recordings', {
      ...sealed, serverAccessLogsBucket: accessLog as IBucket, serverAccessLogsPrefix: 'recordings/',
      lifecycleRules: [{ id: 'old', expiration: Duration.days(props.recordingDays) }, ABANDONED_UPLOAD],
    });
    // Kept by version: a sample that was overwritten by mistake cannot be asked for again. Erasure deletes versions, too.
    this.voiceSamples = new Bucket(this, 'VoiceSamples', {
      ...sealed, versioned: true, serverAccessLogsBucket: accessLog as IBucket, serverAccessLogsPrefix: 'voice-samples/',
      lifecycleRules: [{ id: 'old-versions', noncurrentVersionExpiration: Duration.days(30) }, ABANDONED_UPLOAD],
    });
    (accessLog.node.defaultChild as CfnBucket).overrideLogicalId('AccessLogBucket');
    (this.recordings.node.defaultChild as CfnBucket).overrideLogicalId('RecordingsBucket');
    (this.voiceSamples.node.defaultChild as CfnBucket).overrideLogicalId('VoiceSamplesBucket');
  }
}
