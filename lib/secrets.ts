// Where secrets live: SecureStrings under one path of Systems Manager, put there by `npm run secrets` (CloudFormation can make none), and one
/* oxlint-disable no-new -- a construct joins the tree by being made */
// that nobody has to know, made by Secrets Manager itself. No template ever holds a value.
import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { accept } from './accept.ts';
import { secretsPrefix } from './secret-names.ts';
import type { Link } from './link.ts';
import { regionArn } from './ringback-function.ts';

/** The header by which the API knows that a request came through our CloudFront: then, and only then, its viewer address counts. */
export const ORIGIN_HEADER = 'x-ringback-origin';

export class Secrets extends Construct {
  readonly prefix: string;
  private readonly origin: Secret;

  constructor(scope: Construct, id: string, props: { stage: string }) {
    super(scope, id);
    this.prefix = secretsPrefix(props.stage);
    this.origin = new Secret(this, 'Origin', {
      description: 'Shared by CloudFront and the enquiry function: proves that a request came through the site', removalPolicy: RemovalPolicy.DESTROY,
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
    });
    accept(this.origin, { SMG4: 'Read at deploy time by both ends; it opens nothing but the trust in one address header. To change it: docs/deploy.md.' });
    new CfnOutput(this, 'SecretsPrefix', { value: this.prefix, description: 'Path of the SecureStrings that `npm run secrets` writes' });
  }

  /**
   * Reading everything under the path, which is how functions/house/secrets.ts reads it. The strings are encrypted with the account's aws/ssm
   * key, whose own policy lets whoever may read the parameter decrypt it: no kms permission is needed.
   */
  grantRead(link: Link): void {
    const path = this.prefix.slice(1);
    link.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({
      actions: ['ssm:GetParametersByPath'], resources: [regionArn('ssm', `parameter/${path}`), regionArn('ssm', `parameter/${path}/`)],
    }));
    link.setVariable('SECRETS_PREFIX', this.prefix);
  }

  /** A reference that CloudFormation resolves while it deploys; the template holds the secret's name only. */
  originReference(): string {
    return this.origin.secretValue.unsafeUnwrap();
  }

  /** For the function that wants the visitor's own address. No permission: the value is resolved into its variable. */
  tellOrigin(link: Link): void {
    link.setVariable('ORIGIN_SECRET', this.originReference());
  }
}
