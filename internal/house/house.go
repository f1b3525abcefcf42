// Package house holds the rules of this code base that a linter does not know:
// its only content is tests. When one fails, either the code is wrong or the
// rule has an exception, which is listed in the test with its reason.
package house
