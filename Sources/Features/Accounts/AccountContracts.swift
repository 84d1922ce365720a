import Core
import Web

// What the accounts' part of the published API takes and gives.
extension Contract {
  static let register = Contract(
    "Opens an account. The answer is the same whether or not the address is known.",
    takes: [
      "email": .text, "password": .text, "full_name": .text, "username": .text,
      "role": .choice("learner", "tutor"), "timezone": .text.optional, "locale": .text.optional,
      "department": .text.optional, "year_of_study": wordOrNumber.optional, "gpa": wordOrNumber.optional,
      "gpa_scale": wordOrNumber.optional, "accept_terms": .boolean, "captcha": proof,
    ],
    gives: 201,
    [
      "user": ["email": .text, "username": .text, "full_name": .text, "role": .choice("learner", "tutor")],
      "email_verification": .choice("sent"),
    ])
  static let captcha = Contract(
    "What a form (`register`, `reset`) asks for as `captcha`: work to be done, or a vendor's widget.", gives: 200,
    [
      "kind": .text, "challenge": .text.optional, "bits": .integer.optional, "count": .integer.optional,
      "site_key": .text.optional,
    ])
  private static let proof = Schema.text.saying(
    "What `/api/auth/captcha/` asks for; without it a few calls an hour are taken."
  )
  .optional
  static let verifyEmail = Contract(
    "Opens the account that a letter was written for.", takes: ["token": .text], gives: 200, ["verified": .boolean])
  static let login = Contract(
    "Signs in, with tokens for a program and a cookie for a browser.",
    takes: credentials.and(["remember_me": .boolean.optional]), gives: 200,
    ["access": .text, "refresh": .text, "user": account], refuses: [401, 403, 429])
  static let logout = Contract("Ends this session, and the whole family of its refresh tokens.", gives: 204)
  static let resetPassword = Contract(
    "Sends a letter with which a new password can be set, if the address is known; the answer does not tell.",
    takes: ["email": .text, "captcha": proof], gives: 202, ["password_reset": .choice("sent")])
  static let confirmReset = Contract(
    "Sets a new password by the token of a letter.", takes: ["token": .text, "password": .text], gives: 200,
    ["password": .choice("changed")])
  static let token = Contract(
    "Trades credentials for tokens.", takes: credentials, gives: 200, tokens, refuses: [401, 403, 429])
  static let refresh = Contract(
    "Trades a refresh token for a new pair. One that comes twice closes its whole family.",
    takes: ["refresh": .text], gives: 200, tokens, refuses: [401])
  static let ticket = Contract(
    "Gives a ticket that opens one socket within a minute.", gives: 201,
    ["ticket": .text, "expires_in": .integer(1...60)])
  static let me = Contract("The caller, all own fields.", gives: 200, account)
  static let saveMe = Contract(
    "Changes the caller's own fields; what is left out stays.",
    takes: [
      "full_name": .text.optional, "timezone": .text.optional, "locale": .text.optional,
      "department": .text.orNull.optional, "year_of_study": wordOrNumber.orNull.optional,
      "learning_goals": .text.orNull.optional,
    ], gives: 200, account)

  private static let wordOrNumber = Schema.either(.text, .number)
  private static let tokens: Schema = ["access": .text, "refresh": .text]

  private static let credentials = Schema.object([
    "email": .text.optional, "username": .text.saying("Instead of the address.").optional, "password": .text,
    "otp": .text.saying("The code of the second proof, or one from paper, where one is set.").optional,
  ])

  private static let account = Schema.named(
    "Account",
    [
      "id": .id, "email": .text, "username": .text, "full_name": .text, "roles": .list(.choice(Role.self)),
      "timezone": .text, "locale": .text, "department": .text.orNull, "year_of_study": .integer(1...12).orNull,
      "learning_goals": .text.orNull, "photo": .address.orNull, "email_verified": .boolean, "created_at": .instant,
    ])
}
