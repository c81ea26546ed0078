// Who may open the console and call /api: people that the business invited, kept by Cognito. Nobody signs up alone.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { Aws, CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AccountRecovery, FeaturePlan, Mfa, OAuthScope, UserPool, UserPoolClient, type CfnUserPool, type UserPoolDomain,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { accept } from './accept.ts';

export class ConsoleUsers extends Construct {
  readonly pool: UserPool;
  private readonly domain: UserPoolDomain;

  constructor(scope: Construct, id: string, { stage }: { stage: string }) {
    super(scope, id);
    this.pool = new UserPool(this, 'Pool', {
      userPoolName: `ringback-${stage}`, selfSignUpEnabled: false, signInAliases: { email: true }, featurePlan: FeaturePlan.ESSENTIALS,
      mfa: Mfa.REQUIRED, mfaSecondFactor: { otp: true, sms: false },
      passwordPolicy: { minLength: 12, requireLowercase: true, requireUppercase: true, requireDigits: true, requireSymbols: true, tempPasswordValidity: Duration.days(3) },
      accountRecovery: AccountRecovery.EMAIL_ONLY, deletionProtection: true, removalPolicy: RemovalPolicy.RETAIN,
    });
    (this.pool.node.defaultChild as CfnUserPool).overrideLogicalId('ConsoleUserPool');
    accept(this.pool, { COG8: 'The Plus plan (threat protection, 0.02 USD a user) is for sign-in pages open to the public. Here a handful of invited people sign in with a second factor.' });
    this.domain = this.pool.addDomain('Domain', { cognitoDomain: { domainPrefix: `ringback-${stage}-${Aws.ACCOUNT_ID}` } });
    new CfnOutput(this, 'UserPoolId', { value: this.pool.userPoolId, description: 'Invite people to the console: aws cognito-idp admin-create-user --user-pool-id …' });
  }

  /** The console as an application that signs people in: code flow with PKCE in the browser. `signedIn`: where they come back to. */
  addClient(scope: Construct, signedIn: string): UserPoolClient {
    return new UserPoolClient(scope, 'ConsoleClient', {
      userPool: this.pool, generateSecret: false, preventUserExistenceErrors: true, enableTokenRevocation: true,
      // ADMIN_USER_PASSWORD_AUTH is for scripts: it wants IAM permission in this account beside the password.
      authFlows: { userSrp: true, adminUserPassword: true },
      oAuth: { flows: { authorizationCodeGrant: true }, scopes: [OAuthScope.OPENID, OAuthScope.EMAIL], callbackUrls: [signedIn], logoutUrls: [signedIn] },
      accessTokenValidity: Duration.hours(1), idTokenValidity: Duration.hours(1), refreshTokenValidity: Duration.days(1),
    });
  }

  /** Who signs the tokens. */
  issuer(): string {
    return `https://cognito-idp.${Aws.REGION}.amazonaws.com/${this.pool.userPoolId}`;
  }

  /** `https://…`, where people type their password. */
  signInUrl(): string {
    return this.domain.baseUrl();
  }
}
