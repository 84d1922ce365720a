import Core

enum TutorPaths {
  static let about = Path("/tutor/profile/about")
  static let place = Path("/tutor/profile/place")
  static let subjects = Path("/tutor/profile/subjects")
  static let subject = Path("/tutor/profile/subjects/:subject", as: ID<Subject>.self)
  static let languages = Path("/tutor/profile/languages")
  static let language = Path("/tutor/profile/languages/:language", as: String.self)
  static let credentials = Path("/tutor/profile/credentials")
  static let credential = Path("/tutor/profile/credentials/:credential", as: ID<Credential>.self)
  static let samples = Path("/tutor/profile/samples")
  static let sample = Path("/tutor/profile/samples/:sample", as: ID<Sample>.self)
  static let sampleCaptions = Path("/tutor/profile/samples/:sample/captions", as: ID<Sample>.self)
  static let sampleCaptionsRemoval = Path(
    "/tutor/profile/samples/:sample/captions/:language", as: ID<Sample>.self, String.self)
  static let sampleTranscript = Path("/tutor/profile/samples/:sample/transcript", as: ID<Sample>.self)
  static let submission = Path("/tutor/profile/submission")
  static let pause = Path("/tutor/profile/pause")
  static let favourite = Path("/tutors/:slug/favourite", as: String.self)

  static let compare = Path("/compare")
  static let savedSearches = Path("/saved-searches")
  static let savedSearchRemoval = Path("/saved-searches/:search/removal", as: ID<SavedSearch>.self)
  static let savedSearchLetters = Path("/saved-searches/:search/letters", as: ID<SavedSearch>.self)

  static let apiTutors = Path("/api/tutors/")
  static let apiMentors = Path("/api/users/mentors/")
  static let apiMentor = Path("/api/users/mentors/:mentor/", as: ID<User>.self)
  static let apiDiscover = Path("/api/accounts/tutors/discover/")
}
