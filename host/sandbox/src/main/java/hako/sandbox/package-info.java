@org.jspecify.annotations.NullMarked
package hako.sandbox;
