// The pages, the distribution before them and before the API, and the console as an application that signs people in.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { CfnOutput, RemovalPolicy, Stack, type CfnElement, type StackProps } from 'aws-cdk-lib';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { accept } from '../accept.ts';
import type { Config } from '../config.ts';
import { Site } from '../site.ts';
import type { DataStack } from './data-stack.ts';
import type { EdgeStack } from './edge-stack.ts';

export interface SiteStackProps extends StackProps {
  config: Config;
  data: DataStack;
  edge?: EdgeStack;
  /** What web/build.ts made. */
  pages: string;
}

export class SiteStack extends Stack {
  readonly site: Site;
  readonly clientId: string;

  constructor(scope: Construct, id: string, { config, data, edge, pages, ...props }: SiteStackProps) {
    super(scope, id, props);
    const signInUrl = data.users.signInUrl();
    this.site = new Site(this, 'Site', {
      config, api: { host: data.publicApi.originHost, secret: data.secrets.originReference() }, signInUrl, ...(edge ? { webAclArn: edge.webAclArn() } : {}),
    });
    const signedIn = `${this.site.url}/console`;
    this.clientId = data.users.addClient(this, signedIn).userPoolClientId;

    const log = new LogGroup(this, 'UploadLog', { retention: config.logRetentionDays as RetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    const upload = new BucketDeployment(this, 'Pages', {
      destinationBucket: this.site.bucket as IBucket, prune: true, retainOnDelete: false, memoryLimit: 256, logGroup: log,
      sources: [Source.asset(pages), Source.jsonData('sign-in.json', { signInUrl, clientId: this.clientId, signedIn })],
      // Names do not change with their content, so browsers and CloudFront ask again each time, and a deploy shows within a second.
      cacheControl: [CacheControl.noCache()],
    });
    const uploader = 'The CDK\'s own uploader, which runs while a deploy runs and never else: ';
    accept(upload.handlerRole, {
      'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]': `${uploader}its log permission is AWS's managed policy.`,
      ...Object.fromEntries(['Action::s3:GetBucket*', 'Action::s3:GetObject*', 'Action::s3:List*', 'Action::s3:Abort*', 'Action::s3:DeleteObject*',
        'Resource::arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/*', `Resource::<${this.getLogicalId(this.site.bucket.node.defaultChild as CfnElement)}.Arn>/*`]
        .map((finding) => [`IAM5[${finding}]`, `${uploader}it reads the CDK's asset bucket and writes this site's bucket, object by object.`])),
    });
    accept(upload.handlerRole.node.scope!, { L1: `${uploader}its runtime is the CDK's choice.` });

    new CfnOutput(this, 'SiteUrl', { value: this.site.url, description: 'The enquiry page' });
    new CfnOutput(this, 'ConsoleUrl', { value: signedIn, description: 'The console' });
    new CfnOutput(this, 'ConsoleClientId', { value: this.clientId, description: 'For scripts: aws cognito-idp admin-initiate-auth --client-id …' });
    if (config.siteDomain) new CfnOutput(this, 'SiteDomainTarget', { value: this.site.distribution.distributionDomainName, description: `CNAME of ${config.siteDomain}` });
  }
}
