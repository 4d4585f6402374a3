@org.jspecify.annotations.NullMarked
package hako.daemon;
