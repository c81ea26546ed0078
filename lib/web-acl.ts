// The optional web ACL before the site: known bad addresses and payloads, and more requests from one address than a person makes.
import { CfnOutput } from 'aws-cdk-lib';
import { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';

/** Requests from one address in five minutes. Several visitors may share an office's address. */
const ENQUIRIES_PER_ADDRESS = 20;
const REQUESTS_PER_ADDRESS = 2000;
const WINDOW_SECONDS = 300;

const seen = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({ metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false });

const managed = (priority: number, name: string): CfnWebACL.RuleProperty => ({
  name, priority, overrideAction: { none: {} }, statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } }, visibilityConfig: seen(name),
});

const rate = (priority: number, name: string, limit: number, path?: string): CfnWebACL.RuleProperty => ({
  name, priority, action: { block: { customResponse: { responseCode: 429 } } }, visibilityConfig: seen(name),
  statement: { rateBasedStatement: {
    limit, aggregateKeyType: 'IP', evaluationWindowSec: WINDOW_SECONDS,
    ...(path ? { scopeDownStatement: { byteMatchStatement: { searchString: path, fieldToMatch: { uriPath: {} }, positionalConstraint: 'EXACTLY', textTransformations: [{ priority: 0, type: 'NONE' }] } } } : {}),
  } },
});

export class WebAcl extends Construct {
  constructor(scope: Construct, id: string, { stage, output }: { stage: string; output: string }) {
    super(scope, id);
    const acl = new CfnWebACL(this, 'Acl', {
      name: `ringback-${stage}`, scope: 'CLOUDFRONT', defaultAction: { allow: {} }, visibilityConfig: seen('all'),
      rules: [
        rate(0, 'enquiries-per-address', ENQUIRIES_PER_ADDRESS, '/enquire'), rate(1, 'requests-per-address', REQUESTS_PER_ADDRESS),
        managed(2, 'AWSManagedRulesAmazonIpReputationList'), managed(3, 'AWSManagedRulesCommonRuleSet'),
      ],
    });
    new CfnOutput(this, 'Arn', { value: acl.attrArn }).overrideLogicalId(output);
  }
}
